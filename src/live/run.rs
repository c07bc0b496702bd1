use std::io::{self, Write};
use std::os::fd::AsFd;
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Result, bail};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::arguments::Arguments;
use super::interrupt::Interrupt;
use super::round::{Request, Round};
use super::view::{self, View};
use super::words::Tally;
use crate::lab::{self, Listing, Pending, Server, Signal};
use crate::record::trace::Connection;

/// So often the run is looked at, in milliseconds: far more often than
/// anybody could see, and seldom enough to cost the listing nothing.
const LOOK_MS: u8 = 10;

/// What a round is expected to take without `--block-ms`: the listings'
/// default.
const BLOCK_MS: u64 = 5000;

/// A terminal sends Ctrl-C to cargo as well, which may end a little earlier
/// than we hear of it: so long we listen before we call that an error.
const GRACE: Duration = Duration::from_millis(100);

/// Performs what the reader asked for. After Ctrl-C or SIGTERM it does not
/// return but ends this process, and all else first.
///
/// # Errors
///
/// When a name or an option is wrong, the listing can't be built or started,
/// or a request gets no answer. If nobody reads the standard output any more,
/// it ends without an error.
pub fn run(arguments: &Arguments) -> Result<()> {
    let listing = arguments.listing()?;
    let interrupt = Interrupt::watch()?;
    let expected = arguments.block_ms.unwrap_or(BLOCK_MS).max(1) * 1000;
    let mut view = view::choose(arguments.json, expected);
    let ended = perform(arguments, &listing, &interrupt, &mut *view);
    drop(view);
    if let Some(signal) = interrupt.caught() {
        // Whoever read this may be gone.
        let words = format!("{signal}: {} is stopped", arguments.name());
        let _ = writeln!(io::stderr(), "{words}");
        process::exit(128 + signal as i32);
    }
    match ended {
        Err(error) if is_closed(&error) => Ok(()),
        ended => ended,
    }
}

/// All of it, until nothing is left of the listing.
fn perform(
    arguments: &Arguments,
    listing: &Listing,
    interrupt: &Interrupt,
    view: &mut dyn View,
) -> Result<()> {
    view.prepare(arguments.name())?;
    let server = listing.start().inspect_err(|_| thread::sleep(GRACE))?;
    let fast = listing.fast_route();
    let run = Run { arguments, fast, interrupt, server };
    let ended = run.rounds(view);
    run.server.stop()?;
    ended
}

struct Run<'a> {
    arguments: &'a Arguments,
    /// The listing's fast route.
    fast: &'static str,
    interrupt: &'a Interrupt,
    server: Server,
}

impl Run<'_> {
    /// All rounds, and what is said before and after.
    fn rounds(&self, view: &mut dyn View) -> Result<()> {
        let Run { arguments, server, .. } = self;
        let (name, pid) = (arguments.name(), server.pid());
        view.begin(&format!(
            "{name} runs: pid {pid}, http://{}/",
            server.address()
        ))?;
        let kept = self.connect()?;
        let mut tally = Tally::default();
        let mut unanswered = Vec::new();
        for number in 1..=arguments.repeat {
            let round = self.round(number, &kept, view)?;
            tally.count(&round);
            unanswered.extend(round.requests.into_iter().filter_map(|who| {
                Some(format!("no answer to {}: {}", who.client, who.failed?))
            }));
        }
        if arguments.repeat > 1 {
            view.end(&tally)?;
        }
        if !unanswered.is_empty() {
            // The listing may have said why.
            unanswered.extend(server.stderr());
            bail!(unanswered.join("\n"));
        }
        Ok(())
    }

    /// The connections that are kept, one for each client: open, and used.
    fn connect(&self) -> Result<Vec<lab::Connection>> {
        let mut kept = Vec::new();
        if self.arguments.kept_open {
            for _ in &self.arguments.paths {
                let connection = self.server.connect()?;
                connection.send(self.fast)?.answer()?;
                kept.push(connection);
            }
        }
        Ok(kept)
    }

    /// One round, which is over when it returns.
    fn round(
        &self,
        number: u32,
        kept: &[lab::Connection],
        view: &mut dyn View,
    ) -> Result<Round> {
        let Run { arguments, interrupt, server, .. } = self;
        let kind = match kept {
            [] => Connection::Fresh,
            _ => Connection::Kept,
        };
        let planned: Vec<Request> = (0..)
            .zip(&arguments.paths)
            .map(|(index, path)| Request::planned(index, path, kind))
            .collect();
        let rounds = number as usize - 1;
        let before = kept.len() + rounds * planned.len();
        let settled = AtomicUsize::new(0);
        thread::scope(|scope| {
            let sender = scope.spawn(|| self.send(kept, &settled));
            let watched = (|| {
                loop {
                    let sent_all = sender.is_finished();
                    let settled = settled.load(Ordering::SeqCst);
                    let progress = server.progress(before);
                    let of = (number, arguments.repeat);
                    let round = Round::new(of, &planned, &progress, settled);
                    if interrupt.caught().is_some()
                        || sent_all && settled < planned.len()
                    {
                        return Ok(None);
                    }
                    view.show(&round)?;
                    if round.over {
                        return Ok(Some(round));
                    }
                    pause()?;
                }
            })();
            if !matches!(watched, Ok(Some(_))) {
                // Whatever the sender still waits for, it waits in vain.
                let _ = server.signal_group(Signal::SIGKILL);
            }
            // What it holds until here is open connections.
            let sent = sender.join().expect("the sender does not panic");
            match watched {
                Ok(Some(round)) => Ok(round),
                Ok(None) => {
                    sent?;
                    bail!("interrupted")
                }
                Err(closed) => Err(closed),
            }
        })
    }

    /// Sends all requests, each when the one before it is where it should be,
    /// and counts those that are.
    fn send(
        &self,
        kept: &[lab::Connection],
        settled: &AtomicUsize,
    ) -> Result<Vec<Pending>, lab::Error> {
        let mut pending = Vec::new();
        for (index, path) in self.arguments.paths.iter().enumerate() {
            pending.push(match kept.get(index) {
                Some(connection) => connection.send(path)?,
                None => self.server.send(path)?,
            });
            settled.fetch_add(1, Ordering::SeqCst);
        }
        Ok(pending)
    }
}

/// Waits a moment, or less if the reader of the standard output leaves, which
/// is an error. A listing that computes for seconds prints nothing meanwhile,
/// so writing alone would be late to notice.
fn pause() -> io::Result<()> {
    let stdout = io::stdout();
    let mut fds = [PollFd::new(stdout.as_fd(), PollFlags::empty())];
    match poll(&mut fds, PollTimeout::from(LOOK_MS)) {
        Ok(1..) => Err(io::ErrorKind::BrokenPipe.into()),
        _ => Ok(()),
    }
}

fn is_closed(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
