//! What the terminals show, and the numbers for prose.

use std::fs;
use std::process::Command;

use unblocked::record::{Trace, facts, transcript};

use crate::traces;

/// The anchors of a text with the lines in them, or what is wrong with it.
fn regions(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut regions: Vec<(String, String)> = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in text.lines() {
        let line_of = |start: &str| {
            let (_, name) = line.split_once(start)?;
            name.split_whitespace().next().map(String::from)
        };
        if let Some(name) = line_of("ANCHOR: ") {
            if open.is_some() || regions.iter().any(|it| it.0 == name) {
                return Err(format!("{name} opens in another one, or twice"));
            }
            open = Some((name, String::new()));
        } else if let Some(name) = line_of("ANCHOR_END: ") {
            let Some(region) = open.take().filter(|it| it.0 == name) else {
                return Err(format!("{name} ends and was not open"));
            };
            if region.1.trim().is_empty() {
                return Err(format!("{name} is empty"));
            }
            regions.push(region);
        } else if let Some((_, lines)) = &mut open {
            *lines += line;
            lines.push('\n');
        } else {
            return Err(format!("{line:?} is in no region"));
        }
    }
    if open.is_some() { Err("one is not closed".into()) } else { Ok(regions) }
}

fn region(text: &str, name: &str) -> String {
    let regions = regions(text).expect("proper anchors");
    let found = regions.into_iter().find(|it| it.0 == name);
    found.unwrap_or_else(|| panic!("no {name} in\n{text}")).1
}

#[test]
fn each_fact_has_an_anchor_of_its_own_and_one_line() {
    for trace in traces::all() {
        let regions = regions(&facts::markdown(&trace)).expect("proper facts");
        for (name, value) in &regions {
            assert_eq!(value.lines().count(), 1, "{name}");
            let word = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
            assert!(name.chars().all(word), "mdBook knows no anchor {name}");
        }
        assert!(regions.len() > 20);
    }
    let good = facts::markdown(&traces::blocked());
    for (from, to) in [
        ("4.0 seconds", " "),
        ("ANCHOR: A_wait", "ANCHOR: A_run"),
        ("ANCHOR_END: A_wait", "ANCHOR_END: A_weit"),
        ("<!-- ANCHOR_END: date -->", ""),
    ] {
        assert!(regions(&good.replacen(from, to, 1)).is_err(), "{from}");
    }
}

#[test]
fn facts_are_what_goes_into_a_sentence() {
    let facts = facts::markdown(&traces::blocked());
    for (name, value) in [
        ("fast_wait", "4.0 seconds"),
        ("slow_run", "5.0 seconds"),
        ("slow_wait", "1.2 milliseconds"),
        ("A_run", "5.0 seconds"),
        ("A_total", "5.0 seconds"),
        ("B_wait", "4.0 seconds"),
        ("B_pid", "4711"),
        ("requests", "2 requests"),
        ("processes", "1 process"),
        ("threads", "1 thread"),
        ("deaths", "0 deaths"),
        ("first_answer_client", "A"),
        ("last_answer_client", "B"),
        ("last_answer", "5.0 seconds"),
        ("answer_order", "A, B"),
        ("date", "24 November 2026"),
        ("cores", "2 cores"),
        ("rustc", "rustc 1.95.0"),
        (
            "machine",
            "Intel Xeon Processor @ 2.60GHz, 2 cores, Linux 6.18, rustc \
             1.95.0; 24 November 2026; commit 0123abc",
        ),
    ] {
        assert_eq!(region(&facts, name).trim_end(), value, "{name}");
    }
    let facts = facts::markdown(&traces::awkward());
    assert_eq!(region(&facts, "tab_1_2_wait").trim_end(), "50 microseconds");
    assert_eq!(region(&facts, "threads").trim_end(), "3 threads");
    let facts = facts::markdown(&traces::ten_clients());
    assert_eq!(region(&facts, "processes").trim_end(), "10 processes");
    assert!(!facts.contains("fast_"), "nobody asked for it");
}

#[test]
fn a_time_has_the_unit_that_suits_it() {
    for (micros, words) in [
        (1, "1 microsecond"),
        (949, "949 microseconds"),
        (950, "1.0 milliseconds"),
        (9_949, "9.9 milliseconds"),
        (9_950, "10 milliseconds"),
        (999_499, "999 milliseconds"),
        (999_500, "1.0 seconds"),
        (12_340_000, "12.3 seconds"),
    ] {
        let mut trace = traces::blocked();
        trace.requests.truncate(1);
        trace.requests[0].started = None;
        trace.requests[0].answered = micros;
        let facts = facts::markdown(&trace);
        assert_eq!(region(&facts, "fast_wait").trim_end(), words);
    }
}

#[test]
fn a_transcript_has_both_terminals() {
    let text = transcript::text(&traces::blocked());
    let names: Vec<String> = regions(&text)
        .expect("proper anchors")
        .into_iter()
        .map(|it| it.0)
        .collect();
    assert_eq!(
        names,
        [
            "terminal_1_command",
            "terminal_1_output",
            "terminal_2_commands",
            "terminal_2_output"
        ]
    );
    assert_eq!(region(&text, "terminal_1_command"), "cargo run -p blocked\n");
    assert_eq!(
        region(&text, "terminal_1_output"),
        "Server running at http://127.0.0.1:3001/\nstart block-server\n"
    );
    assert_eq!(
        region(&text, "terminal_2_commands"),
        "w='  (%{time_total} s, served-by %header{served-by})\\n'\n\
         curl -w \"$w\" http://127.0.0.1:3001/block-server &\n\
         sleep 1\n\
         curl -w \"$w\" http://127.0.0.1:3001/fast-one\n\
         wait\n"
            // B is answered last, so nothing is left to wait for.
            .trim_end_matches("wait\n")
    );
    assert_eq!(
        region(&text, "terminal_2_output"),
        "Blocked Request!\n  (5.002 s, served-by 4711/4711)\n\
         I am unblocked now!\n  (4.002 s, served-by 4711/4711)\n"
    );
}

#[test]
fn ten_equal_requests_are_a_loop() {
    let text = transcript::text(&traces::ten_clients());
    assert_eq!(
        region(&text, "terminal_2_commands")
            .lines()
            .skip(1)
            .collect::<Vec<_>>(),
        [
            "for i in $(seq 10); do",
            "  curl -w \"$w\" http://127.0.0.1:3001/block-server &",
            "done",
            "wait"
        ]
    );
}

#[test]
fn a_killed_worker_is_killed_by_the_reader() {
    let text = transcript::text(&traces::died());
    assert_eq!(
        region(&text, "terminal_1_command"),
        "WORKERS=2 cargo run -p cluster\n"
    );
    assert_eq!(
        region(&text, "terminal_2_commands")
            .lines()
            .skip(1)
            .collect::<Vec<_>>(),
        [
            "curl -w \"$w\" http://127.0.0.1:3001/fast-one",
            "sleep 1",
            "curl -w \"$w\" http://127.0.0.1:3001/fast-one",
            "sleep 1.5",
            "kill -KILL 6002",
            "sleep 0.5",
            "curl -w \"$w\" http://127.0.0.1:3001/block-server &",
            "sleep 1",
            "# on a connection that is open already:",
            "curl -w \"$w\" http://127.0.0.1:3001/fast-one",
        ]
    );
}

#[test]
fn a_browser_is_no_terminal_and_an_error_shows_its_status() {
    let text = transcript::text(&traces::awkward());
    let commands = region(&text, "terminal_2_commands");
    assert!(commands.contains("# tab 1: 'http://127.0.0.1:3001/block-server?"));
    assert!(commands.contains("%{http_code}"), "{commands}");
    let output = region(&text, "terminal_2_output");
    assert!(output.contains("(503, 0.411 s"), "{output}");
    assert_eq!(
        region(&text, "terminal_1_command"),
        "cargo run -p workers --bin workers_queue --release\n"
    );
}

/// A shell takes the commands as they stand; nothing is started.
#[test]
fn a_shell_understands_the_commands() {
    let folder = tempfile::tempdir().expect("a folder");
    let understood = |commands: &str| {
        let file = folder.path().join("commands");
        fs::write(&file, commands).expect("a file");
        let shell = Command::new("bash").arg("-n").arg(&file).output();
        shell.expect("bash").status.success()
    };
    for trace in traces::all() {
        let text = transcript::text(&trace);
        for name in ["terminal_1_command", "terminal_2_commands"] {
            assert!(understood(&region(&text, name)), "{text}");
        }
    }
    assert!(!understood("curl 'http://127.0.0.1:3001/"));
}

#[test]
fn both_follow_from_the_trace_alone() {
    for trace in traces::all() {
        let again = Trace::parse(&trace.text()).expect("its own text");
        assert_eq!(facts::markdown(&trace), facts::markdown(&again));
        assert_eq!(transcript::text(&trace), transcript::text(&again));
    }
}
