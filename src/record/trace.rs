//! What is kept of a run.
//!
//! A trace is one JSON file, `book/recorded/NAME.json`. All times are whole
//! microseconds from the moment when the first request was sent; what came
//! before it is not kept. Rows are in the order of their times.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

/// The version of the format. A reader refuses a newer one, since it can't
/// know what that means.
pub const VERSION: u32 = 1;

/// A recorded run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trace {
    /// [`VERSION`].
    pub version: u32,
    /// The scenario's name, which is also the file's.
    pub scenario: String,
    /// What the scenario shows, in a few words: the figure's title.
    pub title: String,
    /// The listing, as in `listings/NAME`.
    pub listing: String,
    /// Its stage, as in `src/bin/STAGE.rs`; nothing for `src/main.rs`.
    pub stage: Option<String>,
    /// The variables that a reader would set, in alphabetical order.
    pub variables: BTreeMap<String, String>,
    /// Where and when it was recorded.
    pub machine: Machine,
    /// One row for each request, in the order of sending.
    pub requests: Vec<Request>,
    /// What happened to processes and threads.
    pub events: Vec<Event>,
    /// What the listing printed.
    pub output: Vec<Printed>,
}

/// Where and when a run was recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// The day, as in 2026-11-24.
    pub date: String,
    /// The processor's own name.
    pub processor: String,
    /// The cores that the run could use.
    pub cores: usize,
    /// The system and its release, as in Linux 6.18.
    pub kernel: String,
    /// The compiler, as `rustc --version` says it.
    pub rustc: String,
    /// The last commit that changed the listing, abbreviated.
    pub commit: String,
}

/// One request and its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Who sent it, as in A or "tab 1".
    pub client: String,
    /// The connection it was sent on.
    pub connection: Connection,
    /// The method.
    pub method: String,
    /// The path, with its query.
    pub path: String,
    /// When it was sent.
    pub sent: u64,
    /// When the listing said that its work began, if it says so.
    pub started: Option<u64>,
    /// When the head of the answer was there.
    pub answered: u64,
    /// The status of the answer.
    pub status: u16,
    /// Its body.
    pub body: String,
    /// The process that did the work.
    pub pid: u32,
    /// The thread that did the work.
    pub thread: u32,
}

/// A connection, as its client sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Connection {
    /// Opened for this one request.
    Fresh,
    /// Open before, and kept.
    Kept,
}

/// A process or a thread that came or went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// When it was noticed.
    pub at: u64,
    /// What happened.
    pub what: What,
    /// The process it happened to or in.
    pub pid: u32,
    /// The thread, if it is about one.
    pub thread: Option<u32>,
    /// The exit code, if it ended with one and the listing said so.
    pub code: Option<i32>,
    /// The signal, if it died of one and the listing said so.
    pub signal: Option<String>,
}

/// What happened to a process or a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// It came into being.
    Spawned,
    /// It ended, in whatever way.
    Died,
}

/// A line that the listing printed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Printed {
    /// When it was read; 0 for all that came before the first request.
    pub at: u64,
    /// Whether it went to the standard error.
    pub error: bool,
    /// What it says.
    pub text: String,
}

impl Trace {
    /// Reads a trace.
    ///
    /// # Errors
    ///
    /// When the file can't be read, is no trace, is of a newer version, or
    /// says what can't be: an answer before its request, rows out of order.
    pub fn read(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        Self::parse(&text).with_context(|| format!("{}", file.display()))
    }

    /// Understands the text of a trace.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn parse(text: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let Versioned { version } =
            serde_json::from_str(text).context("this is no trace")?;
        ensure!(
            version == VERSION,
            "a trace of version {version}; this program reads {VERSION}: \
             update it, or record again"
        );
        let trace: Trace =
            serde_json::from_str(text).context("this is no trace")?;
        trace.check()?;
        Ok(trace)
    }

    /// The text of its file, which ends in a newline.
    pub fn text(&self) -> String {
        let json = serde_json::to_string_pretty(self);
        json.expect("plain data is valid JSON") + "\n"
    }

    fn check(&self) -> Result<()> {
        ensure!(!self.requests.is_empty(), "a trace without a request");
        for (number, request) in self.requests.iter().enumerate() {
            let Request { client, sent, started, answered, .. } = request;
            let begun = started.unwrap_or(*sent);
            ensure!(
                *sent <= begun && begun <= *answered,
                "request {number}, of {client}: sent at {sent}, started at \
                 {begun}, answered at {answered}"
            );
        }
        let sent = self.requests.iter().map(|request| request.sent);
        ensure!(sent.is_sorted(), "requests are not in the order of sending");
        let at = self.events.iter().map(|event| event.at);
        ensure!(at.is_sorted(), "events are not in order");
        let at = self.output.iter().map(|line| line.at);
        ensure!(at.is_sorted(), "lines are not in order");
        Ok(())
    }
}
