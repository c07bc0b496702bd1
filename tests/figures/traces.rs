//! Runs that nobody recorded.

use std::collections::BTreeMap;

use unblocked::record::Trace;
use unblocked::record::trace::{
    Connection, Event, Machine, Printed, Request, VERSION, What,
};

/// The traces that each check looks at.
pub fn all() -> Vec<Trace> {
    vec![blocked(), ten_clients(), died(), awkward(), short(), crowded()]
}

/// Two clients, one process: the fast one waits.
pub fn blocked() -> Trace {
    Trace {
        requests: vec![
            slow("A", 0, 1_204, 5_001_871, 4711, 4711),
            fast("B", 1_000_322, 5_002_310, 4711, 4711),
        ],
        ..trace("blocked-two-clients", "blocked", "The fast one waits")
    }
}

/// Ten clients at once, and a process for each.
pub fn ten_clients() -> Trace {
    let pid = |client: u32| 5000 + 7 * client;
    let requests = (0..10)
        .map(|n| {
            let name = char::from(b'A' + n as u8).to_string();
            let at = u64::from(n) * 310;
            let end = 5_004_000 + 1300 * ((u64::from(n) * 7) % 10);
            slow(&name, at, at + 2900, end, pid(n), pid(n))
        })
        .collect();
    let spawned = (0..10)
        .map(|n| event(2000 + 310 * u64::from(n), What::Spawned, pid(n)));
    let ended =
        (0..10).map(|n| event(5_020_000 + u64::from(n), What::Died, pid(n)));
    Trace {
        requests,
        events: spawned.chain(ended).collect(),
        ..trace("fork-ten-clients", "fork", "Ten clients, ten processes.")
    }
}

/// A worker is killed, and its requests are another one's.
pub fn died() -> Trace {
    let mut killed = event(2_500_400, What::Died, 6002);
    killed.signal = Some("SIGKILL".into());
    let mut trace = Trace {
        requests: vec![
            fast("A", 0, 803, 6001, 6001),
            fast("B", 1_000_000, 1_000_650, 6002, 6002),
            slow("C", 3_000_000, 3_001_100, 8_002_000, 6001, 6001),
            fast("D", 4_000_000, 8_002_500, 6001, 6001),
        ],
        events: vec![killed],
        ..trace("cluster-worker-killed", "cluster", "A worker is killed")
    };
    trace.variables = BTreeMap::from([("WORKERS".into(), "2".into())]);
    trace.requests[3].connection = Connection::Kept;
    trace
}

/// Text that is markup elsewhere, and too long for its lane; many threads.
pub fn awkward() -> Trace {
    let mut trace = Trace {
        requests: vec![
            slow("tab 1", 0, 5_000, 612_000, 999_999, 1_000_001),
            fast("tab 1", 100_000, 100_050, 999_999, 1_000_002),
            fast("<b>&\"{{#include x}}", 200_000, 611_000, 999_999, 1_000_003),
        ],
        ..trace("workers_odd name", "workers", "a <b>\n\n\"bold\" & {{title}}")
    };
    let path = "/block-server?name=<script>&and=a-rather-long-query-with-words";
    trace.requests[0].path = path.into();
    trace.requests[2].status = 503;
    trace.stage = Some("workers_queue".into());
    trace.events = vec![
        Event {
            thread: Some(1_000_001),
            ..event(300_000, What::Died, 999_999)
        },
        event(306_000, What::Spawned, 1_999_999),
    ];
    trace
}

/// All is over in no time.
fn short() -> Trace {
    Trace {
        requests: vec![fast("A", 0, 412, 1, 1)],
        ..trace("short", "blocked", "One request")
    }
}

/// As many requests as a page should show, over a minute.
fn crowded() -> Trace {
    let requests = (0..16)
        .map(|n| {
            let at = n * 4_000_000;
            let pid = 70_000 + n as u32 % 8;
            slow(&n.to_string(), at, at + 1000, at + 4_000_000, pid, pid)
        })
        .collect();
    Trace { requests, ..trace("crowded", "fork", "Sixteen clients") }
}

fn trace(scenario: &str, listing: &str, title: &str) -> Trace {
    let line = |at, text: &str| Printed { at, error: false, text: text.into() };
    Trace {
        version: VERSION,
        scenario: scenario.into(),
        title: title.into(),
        listing: listing.into(),
        stage: None,
        variables: BTreeMap::new(),
        machine: Machine {
            date: "2026-11-24".into(),
            processor: "Intel(R) Xeon(R) Processor @ 2.60GHz".into(),
            cores: 2,
            kernel: "Linux 6.18".into(),
            rustc: "rustc 1.95.0 (59807616e 2026-04-14)".into(),
            commit: "0123abc".into(),
        },
        requests: Vec::new(),
        events: Vec::new(),
        output: vec![
            line(0, "Server running at http://127.0.0.1:40567/"),
            line(1204, "start block-server"),
        ],
    }
}

fn slow(
    client: &str,
    sent: u64,
    started: u64,
    answered: u64,
    pid: u32,
    thread: u32,
) -> Request {
    Request {
        started: Some(started),
        path: "/block-server".into(),
        body: "Blocked Request!\n".into(),
        ..fast(client, sent, answered, pid, thread)
    }
}

fn fast(
    client: &str,
    sent: u64,
    answered: u64,
    pid: u32,
    thread: u32,
) -> Request {
    Request {
        client: client.into(),
        connection: Connection::Fresh,
        method: "GET".into(),
        path: "/fast-one".into(),
        sent,
        started: None,
        answered,
        status: 200,
        body: "I am unblocked now!\n".into(),
        pid,
        thread,
    }
}

fn event(at: u64, what: What, pid: u32) -> Event {
    Event { at, what, pid, thread: None, code: None, signal: None }
}
