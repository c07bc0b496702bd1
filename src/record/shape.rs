//! What two runs of one scenario have in common on any machine: who asked,
//! who was answered before whom, how many worked at once, who died.

use std::fmt::Write;

use super::Trace;
use super::figure::distinct;
use super::trace::{Request, What};

/// Two answers that are closer than this part of the whole run come in an
/// order that means nothing.
const TOGETHER: u64 = 8;

/// The shape of a recorded run.
#[derive(Debug)]
pub struct Shape {
    lines: Vec<String>,
    before: Vec<(usize, usize)>,
    names: Vec<String>,
}

impl Shape {
    /// The shape of a trace.
    pub fn of(trace: &Trace) -> Self {
        let requests = &trace.requests;
        let end = requests.iter().map(|it| it.answered).max().unwrap_or(0);
        let mut before = Vec::new();
        for (first, one) in requests.iter().enumerate() {
            for (second, other) in requests.iter().enumerate() {
                if one.answered + end / TOGETHER < other.answered {
                    before.push((first, second));
                }
            }
        }
        let names = requests.iter().map(|it| it.client.clone()).collect();
        Shape { lines: lines(trace), before, names }
    }

    /// How another run differs from this one, if it does. Answers that this
    /// run has far apart must come in the same order in the other one.
    pub fn difference(&self, other: &Trace) -> Option<String> {
        let lines = lines(other);
        let mut words = String::new();
        for (ours, theirs) in self.lines.iter().zip(&lines) {
            if ours != theirs {
                let _ = writeln!(words, "recorded: {ours}\nnow: {theirs}");
            }
        }
        if self.lines.len() != lines.len() {
            let _ = writeln!(
                words,
                "recorded: {} facts, now: {}",
                self.lines.len(),
                lines.len()
            );
        }
        for &(first, second) in &self.before {
            let ends = |at: usize| other.requests.get(at).map(|it| it.answered);
            if ends(first) >= ends(second) {
                let (one, two) = (&self.names[first], &self.names[second]);
                let _ = writeln!(
                    words,
                    "recorded: {one} is answered before {two}; now it is not"
                );
            }
        }
        (!words.is_empty()).then_some(words)
    }
}

/// What must be the same, a line each.
fn lines(trace: &Trace) -> Vec<String> {
    let requests = &trace.requests;
    let mut lines: Vec<String> = requests.iter().map(asked).collect();
    let pids = distinct(requests.iter().map(|request| request.pid)).len();
    lines.push(format!("{pids} processes answer"));
    if trace.listing == "workers" {
        let threads = distinct(requests.iter().map(|it| it.thread)).len();
        lines.push(format!("{threads} threads answer"));
    }
    lines.push(format!("{} at work at once", at_once(requests)));
    let of = |what| trace.events.iter().filter(move |it| it.what == what);
    lines.push(format!("{} come", of(What::Spawned).count()));
    lines.push(format!("{} go", of(What::Died).count()));
    for event in of(What::Died) {
        if let Some(signal) = &event.signal {
            lines.push(format!("one dies of {signal}"));
        }
    }
    lines
}

/// A request without its times.
fn asked(request: &Request) -> String {
    let Request { client, connection, method, path, status, .. } = request;
    let works = match request.started {
        Some(_) => "work",
        None => "no work",
    };
    // Tabs send at once, so their connections are theirs to choose.
    let connection = match client.starts_with("tab") {
        true => String::new(),
        false => format!("{connection:?}, "),
    };
    format!("{client}: {method} {path}, {connection}{status}, {works}")
}

/// The largest number of requests whose work goes on at one moment.
fn at_once(requests: &[Request]) -> usize {
    let starts = requests.iter().filter_map(|request| request.started);
    let during = |at: u64| {
        let works = |it: &&Request| {
            it.started.is_some_and(|begun| begun <= at) && at < it.answered
        };
        requests.iter().filter(works).count()
    };
    starts.map(during).max().unwrap_or_default()
}
