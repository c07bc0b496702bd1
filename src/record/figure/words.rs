//! A run in sentences, for whoever can't see the picture, and how a time and
//! a machine are written.

use super::{Trace, Workers};
use crate::record::trace::{Event, Machine, Request, What};

/// A run of more requests than this is told without their single times, which
/// stand in the table: nobody listens to so many numbers.
const TOLD: usize = 12;

/// A wait is told when it is at least this part of the whole run.
const NOTABLE: u64 = 10;

/// A time in seconds, rounded to milliseconds.
pub fn seconds(micros: u64) -> String {
    let millis = (micros + 500) / 1000;
    format!("{}.{:03}", millis / 1000, millis % 1000)
}

/// A day as it is written in prose: 24 November 2026.
pub fn day(date: &str) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let parts: Vec<usize> =
        date.split('-').filter_map(|part| part.parse().ok()).collect();
    match parts[..] {
        [year, month @ 1..=12, day] => {
            format!("{day} {} {year}", MONTHS[month - 1])
        }
        _ => date.to_owned(),
    }
}

/// A processor's name without its trade marks.
pub fn processor(machine: &Machine) -> String {
    let name = machine.processor.replace("(R)", "").replace("(TM)", "");
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The compiler and its version, without its commit.
pub fn rustc(machine: &Machine) -> &str {
    machine.rustc.split(" (").next().unwrap_or_default()
}

/// What happened to a process or a thread, in a few words.
pub fn event(event: &Event) -> String {
    let who = match event.thread {
        Some(thread) => format!("thread {thread}"),
        None => format!("pid {}", event.pid),
    };
    match (event.what, &event.signal, event.code) {
        (What::Spawned, ..) => format!("{who} started"),
        (What::Died, Some(signal), _) => format!("{who} died: {signal}"),
        (What::Died, None, Some(code)) => format!("{who} ended: code {code}"),
        (What::Died, None, None) => format!("{who} ended"),
    }
}

/// The whole run: who asked for what, who waited, who was first.
pub fn story(trace: &Trace, events: &[&Event]) -> String {
    let workers = Workers::of(trace);
    let requests = &trace.requests;
    let mut told: Vec<String> = Vec::new();
    if requests.len() <= TOLD {
        told.extend(requests.iter().map(|request| sentence(request, &workers)));
    } else {
        let last = requests.iter().map(|request| request.answered).max();
        told.push(format!(
            "{} requests are answered by {} s.",
            requests.len(),
            seconds(last.unwrap_or_default())
        ));
    }
    for happened in events {
        let at = seconds(happened.at);
        told.push(format!("At {at} s, {}.", event(happened)));
    }
    told.push(waits(requests));
    let mut order: Vec<&Request> = requests.iter().collect();
    order.sort_by_key(|request| request.answered);
    let order: Vec<&str> =
        order.iter().map(|request| request.client.as_str()).collect();
    if order.len() > 1 {
        told.push(format!("Order of the answers: {}.", order.join(", ")));
    }
    told.join(" ")
}

fn sentence(request: &Request, workers: &Workers) -> String {
    let Request { client, path, .. } = request;
    let worker = workers.name(request);
    let (sent, answered) = (seconds(request.sent), seconds(request.answered));
    match request.started {
        Some(started) => format!(
            "{client} asks for {path} at {sent} s; {worker} starts on it at \
             {} s and answers at {answered} s.",
            seconds(started)
        ),
        None => format!(
            "{client} asks for {path} at {sent} s; {worker} answers at \
             {answered} s."
        ),
    }
}

fn waits(requests: &[Request]) -> String {
    let end = requests.iter().map(|request| request.answered).max();
    let notable = end.unwrap_or_default() / NOTABLE;
    let waits: Vec<String> = requests
        .iter()
        .map(|request| (request, waited(request)))
        .filter(|(_, waited)| *waited > notable)
        .map(|(request, waited)| {
            format!("{} waits {} s", request.client, seconds(waited))
        })
        .collect();
    if waits.is_empty() {
        "Nobody waits.".into()
    } else {
        format!("{}.", waits.join(", "))
    }
}

/// The time that a request spent before its work began; a request whose work
/// is not announced spends all its time so.
fn waited(request: &Request) -> u64 {
    request.started.unwrap_or(request.answered) - request.sent
}
