use anyhow::{Context, Result, bail, ensure};
use clap::value_parser;
use hyper::Uri;

use crate::lab::Listing;

/// The longest block that may be asked for. The lab waits for a request's
/// work to begin, and after [`HANG`](crate::lab::HANG) gives up: a block that
/// the next request waits for must be well within that.
const LONGEST_MS: u64 = 30_000;

const HELP: &str = "\
The requests are sent in the order of their paths by clients A, B, C...: the
next one when it is known that the work for a slow one before it began.
Routes: /block-server (slow) and /fast-one, or / (slow) and /fast for workers;
any other path gets 404.

On a terminal each request has a lane, ─ while it waits and █ while it is
worked on; on a pipe each event has a line. --json prints an object for each
request on a line of its own, as it is answered:
  round, client, connection (fresh or kept), path,
  sent, started, answered   microseconds since the round's first request;
                            started is null if the listing does not say so
  status, pid, thread       of the answer; null if there is none, and then
  failed                    says why

Ctrl-C ends the listing and all its processes. The exit code is 0, or 1 if
something goes wrong or a request gets no answer, or 130 after Ctrl-C (143
after SIGTERM).

Examples:
  cargo run -- lab blocked /block-server /fast-one
  cargo run -- lab cluster --workers 2 /block-server /block-server /fast-one
  cargo run -- lab fork --block-ms 500 --repeat 10 /block-server /fast-one
  cargo run --release -- lab workers / /fast";

/// What a reader asks the command `lab` for.
#[derive(clap::Args)]
#[command(after_help = HELP)]
pub struct Arguments {
    /// The listing: blocked, fork, cluster or workers; with a stage, the
    /// program src/bin/STAGE.rs of it. Built as this program is, so it is
    /// fast with `cargo run --release`.
    #[arg(value_name = "LISTING[/STAGE]")]
    listing: String,

    /// What to ask for, one request each.
    #[arg(value_name = "PATH", required = true)]
    pub(super) paths: Vec<String>,

    /// How long the slow route keeps a CPU busy, in milliseconds.
    #[arg(
        long,
        value_name = "MS",
        value_parser = value_parser!(u64).range(..=LONGEST_MS)
    )]
    pub(super) block_ms: Option<u64>,

    /// How far the slow route counts.
    #[arg(long, value_name = "N")]
    count: Option<u64>,

    /// How many worker processes there are [default: 2].
    #[arg(
        long,
        value_name = "N",
        value_parser = value_parser!(u16).range(1..)
    )]
    workers: Option<u16>,

    /// Each client opens its connection before the run, gets one fast answer
    /// there, and sends its request on the same connection.
    #[arg(long)]
    pub(super) kept_open: bool,

    /// Send all of it N times, one round after the other, and say how often
    /// who was first.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        value_parser = value_parser!(u32).range(1..)
    )]
    pub(super) repeat: u32,

    /// Print JSON, one line for each request.
    #[arg(long)]
    pub(super) json: bool,
}

impl Arguments {
    /// What to start.
    ///
    /// # Errors
    ///
    /// When there is no such listing or stage, it does not read what an
    /// option sets, or a path can't be asked for.
    pub(super) fn listing(&self) -> Result<Listing> {
        let mut listing = match self.listing.split_once('/') {
            Some((name, stage)) => Listing::new(name).stage(stage),
            None => Listing::new(&self.listing),
        };
        let numbers = [
            ("--block-ms", "BLOCK_MS", self.block_ms),
            ("--count", "COUNT", self.count),
            ("--workers", "WORKERS", self.workers.map(u64::from)),
        ];
        for (option, variable, number) in numbers {
            // Asked also without the option: this finds a wrong name.
            let reads = listing.reads(variable)?;
            let Some(number) = number else { continue };
            if !reads {
                bail!(
                    "{} does not read {variable}, so {option} changes \
                     nothing; it is for {}",
                    self.listing,
                    readers(variable)?
                );
            }
            listing = listing.env(variable, number.to_string());
        }
        for path in &self.paths {
            check(path).with_context(|| {
                format!(
                    "cannot ask {} for {path:?}; it has {} and {}",
                    self.listing,
                    listing.slow_route(),
                    listing.fast_route()
                )
            })?;
        }
        // The reader asked cargo for one of the two.
        let optimized = !cfg!(debug_assertions);
        Ok(if optimized { listing.release() } else { listing })
    }

    /// The name that the reader gave, with its stage.
    pub(super) fn name(&self) -> &str {
        &self.listing
    }
}

/// The listings that read a variable, in words.
fn readers(variable: &str) -> Result<String> {
    let mut readers = Vec::new();
    for name in Listing::all()? {
        if Listing::new(&name).reads(variable)? {
            readers.push(name);
        }
    }
    Ok(readers.join(", "))
}

fn check(path: &str) -> Result<()> {
    ensure!(path.starts_with('/'), "a path begins with /");
    path.parse::<Uri>().context("this can't stand in a request")?;
    Ok(())
}
