//! The numbers of a run, each with its unit and under a name, so that prose
//! includes them and nobody types one.
//!
//! A chapter says `{{#include recorded/NAME.md:fast_wait}}` in the middle of
//! a sentence, and mdBook puts the one line there.
//!
//! | name | what |
//! |---|---|
//! | `CLIENT_sent`, `CLIENT_answered` | moments, from the first request on |
//! | `CLIENT_wait` | from sending to the start of the work; to the answer, if the listing does not announce that work |
//! | `CLIENT_run` | from the start of the work to the answer, if announced |
//! | `CLIENT_total` | from sending to the answer |
//! | `CLIENT_pid`, `CLIENT_thread`, `CLIENT_status` | as answered |
//! | `fast_…` | the same of the first request whose work is not announced |
//! | `slow_…` | the same of the first request whose work is |
//! | `requests`, `processes`, `threads`, `deaths` | how many; of processes and threads those that answered |
//! | `first_answer`, `last_answer` | when |
//! | `first_answer_client`, `last_answer_client`, `answer_order` | who |
//! | `longest_wait`, `longest_run`, `shortest_run` | of all requests |
//! | `machine` and its parts, `date`, `commit` | where and when |
//!
//! A character of a client's name that an anchor can't have is a `_`, and the
//! second request of client A is `A_2`.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::Trace;
use super::figure::{day, distinct, machine, processor, rustc};
use super::trace::{Request, What};

/// The facts of a run, as Markdown with an anchor around each.
pub fn markdown(trace: &Trace) -> String {
    let mut markdown = String::new();
    for (name, value) in facts(trace) {
        let value: String = value
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let _ = writeln!(
            markdown,
            "<!-- ANCHOR: {name} -->\n{value}\n<!-- ANCHOR_END: {name} -->"
        );
    }
    markdown
}

/// Names and values, in the order in which they are written. A name stands
/// once, and no value is empty.
pub fn facts(trace: &Trace) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    of_the_run(&mut facts, trace);
    let requests = &trace.requests;
    let fast = requests.iter().find(|request| request.started.is_none());
    let slow = requests.iter().find(|request| request.started.is_some());
    for (name, request) in [("fast", fast), ("slow", slow)] {
        if let Some(request) = request {
            of_a_request(&mut facts, name, request);
        }
    }
    let mut asked = BTreeMap::new();
    for request in requests {
        let client = anchor(&request.client);
        let times = asked.entry(client.clone()).or_insert(0);
        *times += 1;
        let name = match times {
            1 => client,
            _ => format!("{client}_{times}"),
        };
        of_a_request(&mut facts, &name, request);
    }
    // Two clients can come to the same anchor, or be called "fast".
    let mut seen = Vec::new();
    facts.retain(|(name, value)| {
        let new = !seen.contains(name) && !value.trim().is_empty();
        seen.push(name.clone());
        new
    });
    facts
}

fn of_the_run(facts: &mut Vec<(String, String)>, trace: &Trace) {
    let mut add = |name: &str, value: String| facts.push((name.into(), value));
    let requests = &trace.requests;
    let deaths = trace.events.iter().filter(|event| event.what == What::Died);
    let pids = distinct(requests.iter().map(|request| request.pid));
    let threads = distinct(requests.iter().map(|it| (it.pid, it.thread))).len();
    add("requests", count(requests.len(), "request", "requests"));
    add("processes", count(pids.len(), "process", "processes"));
    add("threads", count(threads, "thread", "threads"));
    add("deaths", count(deaths.count(), "death", "deaths"));

    let mut order: Vec<&Request> = requests.iter().collect();
    order.sort_by_key(|request| request.answered);
    if let [first, .., last] | [first @ last] = order[..] {
        add("first_answer", amount(first.answered));
        add("first_answer_client", first.client.clone());
        add("last_answer", amount(last.answered));
        add("last_answer_client", last.client.clone());
    }
    let order: Vec<&str> = order.iter().map(|it| it.client.as_str()).collect();
    add("answer_order", order.join(", "));
    let runs = || requests.iter().filter_map(run);
    for (name, time) in [
        ("longest_wait", requests.iter().map(wait).max()),
        ("longest_run", runs().max()),
        ("shortest_run", runs().min()),
    ] {
        if let Some(time) = time {
            add(name, amount(time));
        }
    }

    let computer = &trace.machine;
    add("machine", machine(computer));
    add("processor", processor(computer));
    add("cores", count(computer.cores, "core", "cores"));
    add("kernel", computer.kernel.clone());
    add("rustc", rustc(computer).to_owned());
    add("date", day(&computer.date));
    add("commit", computer.commit.clone());
}

fn of_a_request(
    facts: &mut Vec<(String, String)>,
    name: &str,
    request: &Request,
) {
    let mut add =
        |what: &str, value| facts.push((format!("{name}_{what}"), value));
    add("sent", amount(request.sent));
    add("answered", amount(request.answered));
    add("wait", amount(wait(request)));
    if let Some(run) = run(request) {
        add("run", amount(run));
    }
    add("total", amount(request.answered - request.sent));
    add("pid", request.pid.to_string());
    add("thread", request.thread.to_string());
    add("status", request.status.to_string());
}

fn wait(request: &Request) -> u64 {
    request.started.unwrap_or(request.answered) - request.sent
}

fn run(request: &Request) -> Option<u64> {
    request.started.map(|started| request.answered - started)
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// A time in the largest unit that leaves something before the point, and not
/// more exact than anybody could repeat it.
fn amount(micros: u64) -> String {
    // Rounded first, so that 999.9 milliseconds are a second.
    if micros >= 999_500 {
        let tenths = (micros + 50_000) / 100_000;
        format!("{}.{} seconds", tenths / 10, tenths % 10)
    } else if micros >= 9950 {
        format!("{} milliseconds", (micros + 500) / 1000)
    } else if micros >= 950 {
        let tenths = (micros + 50) / 100;
        format!("{}.{} milliseconds", tenths / 10, tenths % 10)
    } else {
        count(micros as usize, "microsecond", "microseconds")
    }
}

/// The characters that mdBook takes in the name of an anchor.
fn anchor(name: &str) -> String {
    let word = |c: char| {
        if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }
    };
    name.chars().map(word).collect()
}
