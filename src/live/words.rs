//! A round in words, and several.

use std::fmt;

use super::round::{Request, Round};
use crate::record::figure::{distinct, seconds};

/// A wait is told when it is at least this part of the round...
const NOTABLE: u64 = 10;

/// ...and this long, in microseconds: less is nothing that anybody notices.
const NOTICED: u64 = 50_000;

/// More waits than this are told as a number: nobody reads so many times.
const TOLD: usize = 4;

/// What is said after a round: of several rounds only the last sentence.
pub fn after(round: &Round) -> Vec<String> {
    let mut said = Vec::new();
    if round.of == 1 {
        said.extend(who_worked(round));
    }
    said.push(who_was_first(round));
    said
}

/// Which process or thread did whose work, if anybody did.
fn who_worked(round: &Round) -> Option<String> {
    let workers = Workers::of(round);
    let answered = round.answered();
    let names = distinct(answered.iter().map(|request| workers.name(request)));
    let parts: Vec<String> = names
        .iter()
        .map(|name| {
            let theirs = answered.iter();
            let theirs = theirs.filter(|who| workers.name(who) == *name);
            let clients: Vec<&str> =
                theirs.map(|request| request.client.as_str()).collect();
            format!("{name} for {}", enumerate(&clients))
        })
        .collect();
    let place = workers.process.map(|pid| format!(", all in pid {pid}"));
    let place = place.unwrap_or_default();
    (!parts.is_empty())
        .then(|| format!("Who worked{place}: {}.", parts.join("; ")))
}

/// Who was answered first, and who waited, in one sentence.
fn who_was_first(round: &Round) -> String {
    let first = match round.answered().first() {
        Some(Request { client, answered: Some(at), .. }) => {
            format!("{client} was answered first, at {} s", seconds(*at))
        }
        _ => "nobody was answered".to_owned(),
    };
    let first = match round.of {
        1 => capitalized(&first),
        _ => format!("Round {}: {first}", round.number),
    };
    format!("{first}; {}.", who_waited(round))
}

fn who_waited(round: &Round) -> String {
    let least = NOTICED.max(round.end() / NOTABLE);
    let waits: Vec<(&str, u64)> = round
        .requests
        .iter()
        .filter_map(|who| Some((who.client.as_str(), who.waited()?)))
        .filter(|(_, waited)| *waited >= least)
        .collect();
    let longest = waits.iter().map(|(_, waited)| *waited).max();
    match longest {
        None => "nobody waited".into(),
        Some(longest) if waits.len() > TOLD => format!(
            "{} of {} waited, up to {} s",
            waits.len(),
            round.requests.len(),
            seconds(longest)
        ),
        Some(_) => {
            let waits = waits.iter().map(|(client, waited)| {
                format!("{client} waited {} s", seconds(*waited))
            });
            waits.collect::<Vec<_>>().join(", ")
        }
    }
}

/// Whoever works: processes if several answer, or else threads.
pub struct Workers {
    /// The one process in which several threads work.
    process: Option<u32>,
}

impl Workers {
    pub fn of(round: &Round) -> Self {
        let who = round.answered();
        let pids = distinct(who.iter().map(|request| request.pid));
        let threads = distinct(who.iter().map(|request| request.thread));
        match pids[..] {
            [process] if threads.len() > 1 => Workers { process },
            _ => Workers { process: None },
        }
    }

    /// The one who answered.
    pub fn name(&self, request: &Request) -> String {
        match (self.process, request.thread, request.pid) {
            (Some(_), Some(thread), _) => format!("thread {thread}"),
            (None, _, Some(pid)) => format!("pid {pid}"),
            _ => "who did not say".into(),
        }
    }
}

/// How often who was first.
#[derive(Default)]
pub struct Tally {
    rounds: u32,
    /// With the number of rounds in which they were first.
    first: Vec<(String, u32)>,
}

impl Tally {
    /// Counts a round that is over.
    pub fn count(&mut self, round: &Round) {
        self.rounds += 1;
        let answered = round.answered();
        let Some(Request { client, .. }) = answered.first() else { return };
        match self.first.iter_mut().find(|(who, _)| who == client) {
            Some((_, times)) => *times += 1,
            None => self.first.push((client.clone(), 1)),
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = self.first.clone();
        first.sort_by_key(|(client, times)| {
            (u32::MAX - times, client.len(), client.clone())
        });
        let s = if self.rounds == 1 { "" } else { "s" };
        let mut parts: Vec<String> = Vec::new();
        for (client, times) in &first {
            parts.push(format!("{client} in {times}"));
        }
        let nobody =
            self.rounds - first.iter().map(|(_, times)| times).sum::<u32>();
        if nobody > 0 {
            parts.push(format!("nobody in {nobody}"));
        }
        let parts = parts.join(", ");
        write!(f, "First in {} round{s}: {parts}.", self.rounds)
    }
}

/// A, B and C.
fn enumerate(words: &[&str]) -> String {
    match words {
        [most @ .., last] if !most.is_empty() => {
            format!("{} and {last}", most.join(", "))
        }
        _ => words.join(", "),
    }
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
