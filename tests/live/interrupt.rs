use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal::{self, SIGINT, SIGTERM};
use procfs::process::Process;

use crate::fake::Fake;
use crate::running::{Guarded, Running, ended, lab, left_of, send, until};

/// A run of the listing `fork` whose child is at work, for long.
fn at_work() -> Running {
    let words = "fork --block-ms 30000 /block-server /fast-one";
    let mut running = Running::start(&mut lab(words));
    running.wait_for("B  /fast-one      answered");
    let there = left_of(running.listing);
    assert_eq!(there.len(), 3, "parent, child, guard: {there:?}");
    running
}

#[track_caller]
fn stops(running: Running, code: i32, signal: Signal) {
    let listing = running.listing;
    let (ended, stdout, stderr) = running.end();
    assert_eq!(ended, Some(code), "{stdout}{stderr}");
    assert_eq!(stderr, format!("{signal}: fork is stopped\n"));
    assert!(!stdout.contains("answered first"), "{stdout}");
    assert_eq!(left_of(listing), [""; 0]);
}

#[test]
fn an_interrupted_run_leaves_no_process() {
    for (signal, code) in [(SIGINT, 130), (SIGTERM, 143)] {
        let running = at_work();
        running.signal(signal);
        stops(running, code, signal);
    }
}

#[test]
fn who_is_impatient_gets_the_same() {
    let running = at_work();
    for _ in 0..5 {
        running.signal(SIGINT);
    }
    stops(running, 130, SIGINT);
}

#[test]
fn a_request_that_has_to_wait_for_its_start_does_not_delay_the_end() {
    let words = "blocked --block-ms 30000 /block-server /block-server";
    let mut running = Running::start(&mut lab(words));
    let start = Instant::now();
    running.wait_for("B  /block-server  sent");
    let listing = running.listing;
    running.signal(SIGINT);
    let (code, _, stderr) = running.end();
    // Or else it has waited for all of the first block.
    assert!(start.elapsed() < Duration::from_millis(29_000));
    assert_eq!(code, Some(130), "{stderr}");
    assert_eq!(stderr, "SIGINT: blocked is stopped\n");
    assert_eq!(left_of(listing), [""; 0]);
}

#[test]
fn a_run_can_be_interrupted_while_cargo_builds() {
    let fake = Fake::new();
    let script = "fn main() {
        std::fs::write(\"pid\", std::process::id().to_string()).unwrap();
        std::fs::rename(\"pid\", \"building\").unwrap();
        std::thread::sleep(std::time::Duration::MAX);
    }";
    fake.write("build.rs", script);
    let mut command = fake.lab("fake /");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = Guarded(command.spawn().expect("it starts"));
    let file = fake.path().join("fake/building");
    until("cargo to build", || file.is_file());
    let script = fs::read_to_string(file).expect("it is there");
    let script: i32 = script.parse().expect("a number");
    send(SIGTERM, child.0.id());
    let (code, stderr) = ended(&mut child);
    assert_eq!(code, Some(143), "{stderr}");
    assert_eq!(stderr, "SIGTERM: fake is stopped\n");
    // Its parent, cargo, is dead as well: others adopt it, and reap it.
    let script = Process::new(script).and_then(|script| script.stat());
    let state = script.map(|stat| stat.state);
    assert!(!state.is_ok_and(|state| state != 'Z'), "it still builds");
}

/// The listing answers never, so nothing else can end this.
#[test]
fn a_run_that_nobody_reads_any_more_ends_quietly() {
    let fake = Fake::new();
    let mut running = Running::start(&mut fake.lab("fake /never"));
    // After this line there is nothing to write, and so no error.
    running.wait_for("sent");
    let listing = running.listing;
    assert_eq!(running.close(), (Some(0), String::new()));
    assert_eq!(left_of(listing), [""; 0]);
}
