use std::fmt::Write;
use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::client::{Outcome, Ticket};
use super::{Error, process};

/// How long anything in the lab may take before it counts as hung.
///
/// It measures nothing. It is far longer than any wait should be, even on one
/// core that is busy with something else.
pub const HANG: Duration = Duration::from_secs(60);

/// How many lines of a run are kept: a program that prints for ever should not
/// fill the memory before somebody ends it.
const MOST_LINES: usize = 100_000;

/// How many bytes of a line are kept together, for the same reason.
const LONGEST: u64 = 1 << 20;

/// A line that a listing printed.
#[derive(Clone, Debug)]
pub struct Line {
    /// When the lab read it.
    pub at: Instant,
    /// Where it was printed to.
    pub stream: Stream,
    /// What it says, without its end.
    pub text: String,
}

/// Where a listing prints to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Its standard output.
    Stdout,
    /// Its standard error.
    Stderr,
}

/// What has happened so far: one place for all who wait for something.
#[derive(Default)]
pub(super) struct State {
    pub lines: Vec<Line>,
    /// Streams that have not come to their end.
    pub open_streams: usize,
    /// One for each request, in the order of sending.
    pub requests: Vec<Request>,
}

/// What is known of one request.
#[derive(Default)]
pub(super) struct Request {
    pub sent_at: Option<Instant>,
    pub started_at: Option<Instant>,
    /// When the outcome was there.
    pub ended_at: Option<Instant>,
    pub outcome: Option<Outcome>,
}

/// One run of a listing, shared by all that watch it.
pub(super) struct Run {
    pub pid: u32,
    /// As a reader would type it.
    pub command: String,
    /// One request at a time may wait for the line that it started, or two
    /// would take the same line for theirs.
    pub starting: Mutex<()>,
    state: Mutex<State>,
    news: Condvar,
}

impl Run {
    pub fn new(pid: u32, command: String) -> Arc<Self> {
        Arc::new(Run {
            pid,
            command,
            starting: Mutex::default(),
            state: Mutex::default(),
            news: Condvar::new(),
        })
    }

    /// Reads a stream to its end on a thread of its own, or the listing would
    /// stop when the pipe is full.
    pub fn capture(
        self: &Arc<Self>,
        stream: Stream,
        source: impl Read + Send + 'static,
    ) -> JoinHandle<()> {
        self.update(|state| state.open_streams += 1);
        let run = Arc::clone(self);
        thread::spawn(move || {
            let mut source = BufReader::new(source);
            let mut bytes = Vec::new();
            loop {
                let mut rest = source.by_ref().take(LONGEST);
                if !rest.read_until(b'\n', &mut bytes).is_ok_and(|n| n > 0) {
                    break;
                }
                let text = String::from_utf8_lossy(&bytes);
                let text = text.trim_end_matches('\n').to_owned();
                let line = Line { at: Instant::now(), stream, text };
                run.update(|state| {
                    if state.lines.len() < MOST_LINES {
                        state.lines.push(line);
                    }
                });
                bytes.clear();
            }
            run.update(|state| state.open_streams -= 1);
        })
    }

    /// Looks at the state. A panic elsewhere does not make it less true.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and wakes all who wait.
    pub fn update<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut self.state());
        self.news.notify_all();
        changed
    }

    /// Changes what is known of a request.
    pub fn note(&self, ticket: Ticket, change: impl FnOnce(&mut Request)) {
        self.update(|state| change(&mut state.requests[ticket.0]));
    }

    /// Waits until `check` finds what it looks for.
    ///
    /// It looks again at all news, and now and then without any, since a
    /// process can end without a word.
    pub fn wait<T>(
        &self,
        what: &str,
        mut check: impl FnMut(&State) -> Option<T>,
    ) -> Result<T, Error> {
        const NOW_AND_THEN: Duration = Duration::from_millis(10);
        let deadline = Instant::now() + HANG;
        let mut state = self.state();
        loop {
            if let Some(found) = check(&state) {
                return Ok(found);
            }
            if Instant::now() > deadline {
                drop(state);
                let (what, scene) = (what.into(), self.scene());
                return Err(Error::Hang { what, scene });
            }
            let waited = self.news.wait_timeout(state, NOW_AND_THEN);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Asks `check` again and again, for what happens outside the state.
    pub fn poll<T>(
        &self,
        what: &str,
        mut check: impl FnMut() -> Result<Option<T>, Error>,
    ) -> Result<T, Error> {
        let deadline = Instant::now() + HANG;
        loop {
            if let Some(found) = check()? {
                return Ok(found);
            }
            if Instant::now() > deadline {
                let (what, scene) = (what.into(), self.scene());
                return Err(Error::Hang { what, scene });
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Everything that helps to understand what went wrong.
    pub fn scene(&self) -> String {
        let mut scene = format!("command: {}\n", self.command);
        let _ = writeln!(scene, "printed:");
        for Line { stream, text, .. } in &self.state().lines {
            let _ = writeln!(scene, "  {stream:?}: {text}");
        }
        let _ = writeln!(scene, "processes of the group {}:", self.pid);
        match process::group(self.pid) {
            Ok(processes) => {
                for process in processes {
                    let _ = writeln!(scene, "  {process}");
                }
            }
            Err(error) => {
                let _ = writeln!(scene, "  {error}");
            }
        }
        scene
    }
}
