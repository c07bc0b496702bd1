//! Performs a scenario through the lab and keeps what happened.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::row::Row;
use super::scenario::{Asks, Scenario};
use super::trace::{Event, Machine, Printed, Request, VERSION};
use super::trace::{Trace, What};
use super::watch::{Seen, Watch};
use super::{chromium, clients};
use crate::lab::{Listing, Server, Stream};

/// How long a block is, and how much work counts as a lot.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// The length of a block in milliseconds; nothing for the listing's own.
    pub block_ms: Option<u64>,
    /// How far to count where a scenario counts; nothing for its own number.
    pub count: Option<u64>,
    /// Whether counting is optimised.
    pub release: bool,
}

impl Work {
    /// As the document has it, and as a reader runs it.
    pub const FULL: Work = Work { block_ms: None, count: None, release: true };

    /// The length of a block in the document.
    const DOCUMENT_MS: u64 = 5000;

    /// A pause, as much shorter as the blocks are. Who counts less far than
    /// the scenario says is done so soon that there is no time for one.
    fn pause(&self, ms: u64, counts: bool) -> Duration {
        if counts && self.count.is_some() {
            return Duration::ZERO;
        }
        let block = self.block_ms.unwrap_or(Self::DOCUMENT_MS);
        Duration::from_millis(ms * block / Self::DOCUMENT_MS)
    }
}

/// Performs a scenario.
///
/// # Errors
///
/// When the listing can't be started, does not do what the scenario needs, or
/// there is no browser for a scenario that needs one.
pub fn perform(
    scenario: &Scenario,
    work: Work,
    machine: Machine,
) -> Result<Trace> {
    let server = listing(scenario, work).start()?;
    let (rows, seen) = thread::scope(|scope| -> Result<_> {
        let mut watch = None;
        let mut begin = || watch = Some(Watch::start(scope, &server));
        let rows = match scenario.asks {
            Asks::Clients(steps) => {
                let pause = |ms| work.pause(ms, counts(scenario));
                clients::ask(&server, steps, pause, begin)?
            }
            Asks::Tabs(tabs) => {
                begin();
                chromium::ask(&server, tabs)?
            }
        };
        at_rest(&server, scenario)?;
        Ok((rows, watch.map(Watch::stop).unwrap_or_default()))
    })?;
    let start = rows.iter().map(|row| row.sent).min();
    let start = start.context("a scenario without a request")?;
    Ok(Trace {
        version: VERSION,
        scenario: scenario.name.into(),
        title: scenario.title.into(),
        listing: scenario.listing.into(),
        stage: scenario.stage.map(str::to_owned),
        variables: variables(scenario),
        machine,
        requests: requests(rows, start),
        events: events(&server, seen, start),
        output: output(&server, start),
    })
}

fn listing(scenario: &Scenario, work: Work) -> Listing {
    let mut listing = Listing::new(scenario.listing);
    if let Some(stage) = scenario.stage {
        listing = listing.stage(stage);
    }
    for (name, value) in scenario.variables {
        listing = listing.env(name, *value);
    }
    if let Some(ms) = work.block_ms {
        listing = listing.block_ms(ms);
    }
    if counts(scenario) {
        if let Some(count) = work.count {
            listing = listing.count(count);
        }
        if work.release {
            listing = listing.release();
        }
    }
    listing
}

/// Whether its work is a number to count to.
fn counts(scenario: &Scenario) -> bool {
    scenario.variables.iter().any(|(name, _)| *name == "COUNT")
}

fn variables(scenario: &Scenario) -> BTreeMap<String, String> {
    let variables = scenario.variables.iter();
    variables.map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

/// Waits until what the requests brought about is over.
fn at_rest(server: &Server, scenario: &Scenario) -> Result<()> {
    if scenario.listing != "cluster" {
        server.wait_until("the end of its children", || {
            Ok(server.processes()?.len() == 1)
        })?;
    }
    if scenario.listing == "workers" {
        server.wait_until("the end of its threads", || {
            Ok(server.threads()?.len() == 1)
        })?;
    }
    Ok(())
}

fn micros(at: Instant, start: Instant) -> u64 {
    at.saturating_duration_since(start).as_micros() as u64
}

fn requests(mut rows: Vec<Row>, start: Instant) -> Vec<Request> {
    rows.sort_by_key(|row| row.sent);
    let request = |row: Row| Request {
        client: row.client,
        connection: row.connection,
        method: row.method,
        path: row.path,
        sent: micros(row.sent, start),
        started: row.started.map(|at| micros(at, start)),
        answered: micros(row.answered, start),
        status: row.status,
        body: row.body,
        pid: row.pid,
        thread: row.thread,
    };
    rows.into_iter().map(request).collect()
}

/// What was seen, with the reasons that the listing gave.
fn events(server: &Server, seen: Vec<Seen>, start: Instant) -> Vec<Event> {
    let told = server.stdout();
    let reason = |pid: u32| {
        let begin = format!("worker {pid} died: ");
        let mut told = told.iter();
        told.find_map(|line| line.strip_prefix(&begin).map(str::to_owned))
    };
    let event = |seen: Seen| {
        let died = seen.what == What::Died && seen.thread.is_none();
        let reason = reason(seen.pid).filter(|_| died).unwrap_or_default();
        let code = reason.strip_prefix("code ");
        Event {
            at: micros(seen.at, start),
            what: seen.what,
            pid: seen.pid,
            thread: seen.thread,
            code: code.and_then(|code| code.parse().ok()),
            signal: reason.starts_with("SIG").then(|| reason.clone()),
        }
    };
    let during = seen.into_iter().filter(|seen| seen.at >= start);
    during.map(event).collect()
}

fn output(server: &Server, start: Instant) -> Vec<Printed> {
    let lines = server.output().into_iter();
    let printed = lines.map(|line| Printed {
        at: micros(line.at, start),
        error: line.stream == Stream::Stderr,
        text: line.text,
    });
    printed.collect()
}
