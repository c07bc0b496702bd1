use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use unblocked::lab::{Error, Listing, Server};

use super::support::{Guarded, announced, get, program, until};

/// Far enough to be at work while the other requests of a test are answered,
/// also in a build without optimisation on a core that others use.
const SOME: u64 = 30_000_000;

/// So far that the worker outlives the test.
const FOREVER: u64 = 1_000_000_000_000;

#[test]
fn the_slow_route_counts_on_another_thread() -> Result<(), Error> {
    let server = Listing::new("workers").count(1_000).start()?;
    let slow = server.send("/")?.answer()?;
    assert_eq!((slow.status, slow.body.as_str()), (200, "1000"));
    assert_eq!(slow.header("content-type"), Some("text/plain"));
    server.wait_for_line(|line| line == "1000")?; // It may be on its way.
    assert_eq!(server.stdout()[1..], ["start!", "1000"]);
    assert_eq!(slow.pid, server.pid(), "the same process");
    assert_ne!(slow.thread, slow.pid, "not its main thread");

    let fast = server.send("/fast")?.answer()?;
    assert_eq!((fast.status, fast.body.as_str()), (200, "This was fast!"));
    assert_eq!((fast.pid, fast.thread), (server.pid(), server.pid()));
    assert_eq!(server.stdout().len(), 3, "the fast one says nothing");
    Ok(())
}

#[track_caller]
fn comes_down_to_one_thread(server: &Server) -> Result<(), Error> {
    server.wait_until("only the main thread is left", || {
        Ok(server.threads()?.len() == 1)
    })
}

#[test]
fn no_thread_is_left_of_ten_requests_in_a_row() -> Result<(), Error> {
    let server = Listing::new("workers").count(1_000).start()?;
    let kept = server.connect()?;
    for _ in 0..10 {
        assert_eq!(kept.send("/")?.answer()?.body, "1000");
    }
    comes_down_to_one_thread(&server)
}

#[test]
fn no_thread_is_left_of_ten_requests_at_once() -> Result<(), Error> {
    let server = Listing::new("workers").count(SOME).start()?;
    let mut slow = Vec::new();
    for _ in 0..10 {
        slow.push(server.send("/")?);
    }
    assert_eq!(server.threads()?.len(), 11, "each has a thread of its own");
    let mut threads = BTreeSet::new();
    for slow in slow {
        let answer = slow.answer()?;
        assert_eq!((answer.status, answer.pid), (200, server.pid()));
        threads.insert(answer.thread);
    }
    assert_eq!(threads.len(), 10);
    assert!(!threads.contains(&server.pid()), "the main thread served");
    comes_down_to_one_thread(&server)
}

#[test]
fn a_refused_request_costs_nothing() -> Result<(), Error> {
    let listing = Listing::new("workers").max_at_once(1).count(FOREVER);
    let server = listing.start()?;
    let first = server.send("/")?;
    let kept = server.connect()?;
    for _ in 0..3 {
        let refused = kept.send("/")?.answer()?;
        assert_eq!(refused.status, 503);
        assert_eq!(refused.header("retry-after"), Some("1"));
        assert_eq!(refused.body, "Too many at once.\n");
        assert_eq!(kept.send("/fast")?.answer()?.body, "This was fast!");
    }
    assert!(!first.is_answered(), "all that happened during its work");
    assert_eq!(server.threads()?.len(), 2, "no thread for a refused one");
    assert_eq!(server.stdout()[1..], ["start!"]);
    Ok(())
}

#[test]
fn a_place_is_free_as_soon_as_its_answer_is_there() -> Result<(), Error> {
    let listing = Listing::new("workers").max_at_once(1).count(1_000);
    let server = listing.start()?;
    let kept = server.connect()?;
    // A place that is given back a moment too late is rarely missed: with so
    // many requests the mistake was seen in five runs of six.
    for _ in 0..1_000 {
        assert_eq!(kept.send("/")?.answer()?.status, 200);
    }
    Ok(())
}

#[test]
fn a_panic_in_a_worker_harms_nobody() {
    let listing = Command::new(program("workers"))
        .envs([("PORT", "0"), ("MAX_AT_ONCE", "1")])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut listing = Guarded(listing.expect("it can be started"));
    let pid = listing.0.id();
    let mut ready = String::new();
    {
        let stdout = listing.0.stdout.take().expect("it is a pipe");
        BufReader::new(stdout).read_line(&mut ready).expect("it is ready");
        // With this the last reader is gone: the worker's `println!` panics.
    }
    let address = announced(ready.trim_end());
    for _ in 0..20 {
        let broken = get(address, "/");
        assert!(broken.starts_with("HTTP/1.1 500 "), "{broken}");
        assert!(broken.ends_with("\r\n\r\nThe worker panicked.\n"), "{broken}");
        let fast = get(address, "/fast");
        assert!(fast.ends_with("\r\n\r\nThis was fast!"), "{fast}");
    }
    until("only the main thread is left", || {
        let threads = std::fs::read_dir(format!("/proc/{pid}/task"));
        threads.expect("it lives").count() == 1
    });

    listing.0.kill().expect("it lives");
    let mut stderr = String::new();
    let said = listing.0.stderr.take().expect("it is a pipe");
    BufReader::new(said).read_to_string(&mut stderr).expect("it is UTF-8");
    let panics = stderr.matches("thread 'worker'").count();
    assert_eq!(panics, 20, "one in each worker, none elsewhere: {stderr}");
}
