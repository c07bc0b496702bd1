use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::{hint, thread};

use unblocked::record::machine::Canary;
use unblocked::record::scenario::ALL;

fn record(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_unblocked"));
    let command = command.arg("record").args(arguments);
    command.output().expect("the command runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn it_lists_each_scenario_with_what_it_shows() {
    let output = record(&["--list"]);
    assert!(output.status.success());
    let lines: Vec<String> =
        text(&output.stdout).lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), ALL.len());
    for (line, scenario) in lines.iter().zip(ALL) {
        assert!(line.starts_with(scenario.name), "{line}");
        assert!(line.ends_with(scenario.title), "{line}");
    }
}

#[test]
fn it_checks_what_is_there() {
    let output = record(&["--check"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn it_performs_nothing_if_one_name_is_wrong() {
    let output = record(&["blocked-two-clients", "blocked-two-client"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout), "");
    let stderr = text(&output.stderr);
    let begin = "no scenario blocked-two-client; there are: blocked-two-";
    assert!(stderr.starts_with(begin), "{stderr}");
}

#[test]
fn a_check_takes_no_names() {
    let output = record(&["--check", "blocked-two-clients"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("cannot be used with"));
}

#[test]
fn a_busy_machine_is_refused_with_the_reason() {
    let cores = thread::available_parallelism().expect("cores").get();
    let done = AtomicBool::new(false);
    let mut canary = Canary::start().expect("an idle server");
    let refused = thread::scope(|scope| {
        // Two for each core, which leave the loop a third of it.
        for _ in 0..2 * cores {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    hint::spin_loop();
                }
            });
        }
        let refused = canary.check();
        done.store(true, Ordering::Relaxed);
        refused
    });
    let reason = refused.expect_err("the machine is busy").to_string();
    assert!(reason.contains("this machine has other work"), "{reason}");
}
