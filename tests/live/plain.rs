use nix::sys::signal::Signal;

use crate::fake::Fake;
use crate::running::{Running, finish, lab, listing, send, stdout};

/// The events of a run as they are printed: who, what, and the rest.
fn events(stdout: &str) -> Vec<(String, String, String)> {
    let lines = stdout.lines().filter(|line| line.starts_with(' '));
    let words = lines.map(|line| line.split_whitespace().collect::<Vec<_>>());
    words
        .map(|words| {
            assert_eq!(words[1], "s", "{stdout}");
            (words[2].into(), words[4].into(), words[5..].join(" "))
        })
        .collect()
}

#[track_caller]
fn place(stdout: &str, client: &str, what: &str) -> usize {
    let mut events = events(stdout).into_iter();
    let place = events.position(|(who, did, _)| who == client && did == what);
    place.unwrap_or_else(|| panic!("{client} was never {what}:\n{stdout}"))
}

/// The process that worked for a client.
#[track_caller]
fn worker(stdout: &str, client: &str) -> u32 {
    let rest = events(stdout).remove(place(stdout, client, "answered")).2;
    let pid = rest.strip_prefix("200 pid ").expect("an answer");
    pid.split(' ').next().and_then(|pid| pid.parse().ok()).expect("a pid")
}

#[test]
fn the_blocked_server_answers_the_slow_request_first() {
    let stdout = stdout("blocked --block-ms 300 /block-server /fast-one");
    let place = |client, what| place(&stdout, client, what);
    assert_eq!(place("A", "sent"), 0, "{stdout}");
    assert_eq!(place("A", "started"), 1, "{stdout}");
    assert!(place("A", "answered") < place("B", "answered"), "{stdout}");
    assert!(place("B", "sent") < place("B", "answered"), "{stdout}");
    assert_eq!(events(&stdout).len(), 5, "a fast one never says it started");
    let server = listing(&stdout);
    assert_eq!(worker(&stdout, "A"), server);
    assert_eq!(worker(&stdout, "B"), server);
    let words = format!("\nWho worked: pid {server} for A and B.\n");
    assert!(stdout.contains(&words), "{stdout}");
    assert!(stdout.contains("\nA was answered first, at "), "{stdout}");
}

#[test]
fn a_child_lets_the_fast_request_go_first() {
    let stdout = stdout("fork --block-ms 600 /block-server /fast-one");
    let place = |client, what| place(&stdout, client, what);
    assert_eq!(place("A", "started"), 1, "{stdout}");
    assert!(place("B", "answered") < place("A", "answered"), "{stdout}");
    assert_eq!(worker(&stdout, "B"), listing(&stdout));
    assert_ne!(worker(&stdout, "A"), listing(&stdout));
    assert!(stdout.contains("\nB was answered first, at "), "{stdout}");
}

#[test]
fn threads_of_one_process_are_told_apart() {
    let stdout = stdout("workers --count 5000000 / /fast");
    let server = listing(&stdout);
    assert_eq!(worker(&stdout, "A"), server);
    let words = format!("\nWho worked, all in pid {server}: thread ");
    assert!(stdout.contains(&words), "{stdout}");
}

#[test]
fn the_times_of_the_lines_never_go_back() {
    let requests = "/block-server /block-server /block-server /fast-one /no";
    let words = format!("cluster --workers 2 --block-ms 300 {requests}");
    let stdout = stdout(&words);
    let lines = stdout.lines().filter(|line| line.starts_with(' '));
    let times: Vec<&str> =
        lines.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(times.is_sorted(), "{stdout}");
    assert_eq!(times.len(), 3 * 3 + 2 * 2, "{stdout}");
    // Two workers are at work: one of them must be done before the third.
    let first = place(&stdout, "A", "answered");
    let first = first.min(place(&stdout, "B", "answered"));
    assert!(first < place(&stdout, "C", "answered"), "{stdout}");
    let (_, _, lost) = &events(&stdout)[place(&stdout, "E", "answered")];
    assert!(lost.starts_with("404 pid "), "{stdout}");
}

#[test]
fn each_round_is_told_and_at_the_end_who_was_first() {
    let words = "blocked --block-ms 60 --repeat 3 /block-server /fast-one";
    let stdout = stdout(words);
    for number in 1..=3 {
        let words = format!("\nRound {number}: A was answered first, at ");
        assert!(stdout.contains(&words), "{stdout}");
    }
    assert_eq!(events(&stdout).len(), 3 * 5, "{stdout}");
    assert!(stdout.ends_with("\nFirst in 3 rounds: A in 3.\n"), "{stdout}");
}

#[test]
fn a_request_without_an_answer_is_a_failure() {
    let fake = Fake::new();
    let (code, stdout, stderr) = finish(&mut fake.lab("fake /hang-up /"));
    assert_eq!(code, Some(1), "{stdout}{stderr}");
    place(&stdout, "A", "failed:");
    place(&stdout, "B", "answered");
    assert!(stdout.contains("\nB was answered first, "), "{stdout}");
    assert!(stderr.starts_with("no answer to A: "), "{stderr}");
    assert!(stderr.ends_with("\nthe fake hangs up\n"), "its words: {stderr}");
}

#[test]
fn a_listing_that_dies_is_a_failure() {
    let requests = "--block-ms 20000 /block-server /block-server";
    let mut running = Running::start(&mut lab(&format!("blocked {requests}")));
    running.wait_for("started");
    send(Signal::SIGKILL, running.listing);
    let (code, stdout, stderr) = running.end();
    assert_eq!(code, Some(1), "{stdout}{stderr}");
    assert!(stderr.contains("no answer to "), "{stderr}");
}
