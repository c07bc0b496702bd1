//! How a cluster ends.

use std::collections::HashSet;
use std::net::TcpStream;
use std::process::ExitStatus;
use std::thread::sleep;

use unblocked::grade::{Failure, Submission};
use unblocked::lab::{Server, Signal};

use crate::cluster::{Cluster, LOOKS, PAUSE, primary, workers};

/// So often may a worker of one number be started in a row.
const MOST: usize = 5;

pub fn done(submission: &Submission) -> Result<(), Failure> {
    let cluster = Cluster::start(submission, 2..=3, &[])?;
    let planned: Vec<u32> =
        cluster.workers()?.iter().map(|worker| worker.pid).collect();
    for pid in &planned {
        submission.step("waiting for the end of a worker that exits with 0");
        cluster.exit(*pid, 0)?;
        cluster.wait_until_reaped(*pid)?;
    }
    submission.step("waiting for the end of the primary");
    let replaced = || {
        let living = workers(&cluster.server)?;
        if living.iter().all(|it| planned.contains(&it.pid)) {
            return Ok(());
        }
        Err(Failure::new(
            "a worker that had exited with 0 was replaced",
            "which ends are planned, and which are crashes?",
        ))
    };
    let question = "what does the loop wait for when nobody is left?";
    let status = end(&cluster.server, LOOKS, question, replaced)?;
    match status.success() {
        true => Ok(()),
        false => Err(Failure::new(
            format!("all ended as planned, and the primary with {status}"),
            "is a cluster that has done its work a failure?",
        )),
    }
}

pub fn gives_up(submission: &Submission) -> Result<(), Failure> {
    crashes_at_start(submission)?;
    one_of_several_crashes_at_start(submission)
}

/// Nobody gets to serve: the number of starts is what counts.
fn crashes_at_start(submission: &Submission) -> Result<(), Failure> {
    /// Five starts may have long pauses in between, and still be bounded.
    const LONG: u32 = 3 * LOOKS;
    let count = 2;
    let server = submission
        .start(&[("WORKERS", &count.to_string()), ("CRASH_AT_START", "1")])?;
    submission.step("waiting until the primary gives up");
    // A program may print what it wants, and a process may be too short to be
    // seen: the larger number counts.
    let mut seen = HashSet::new();
    let mut starts = || -> Result<usize, Failure> {
        seen.extend(workers(&server)?.iter().map(|worker| worker.pid));
        let lines = server.stdout();
        let started = lines.iter().filter(|line| line.contains(" started: "));
        Ok(seen.len().max(started.count()))
    };
    let mut check = || {
        let starts = starts()?;
        if starts <= count * MOST {
            return Ok(starts);
        }
        Err(Failure::new(
            format!("{count} workers that crash were started {starts} times"),
            "what has changed since the last start, and when is it enough?",
        ))
    };
    let question = "when is it enough?";
    let status = end(&server, LONG, question, || check().map(drop))?;
    if check()? <= count {
        return Err(Failure::new(
            "a worker that crashed at its start got no other",
            "is one crash enough to give up?",
        ));
    }
    failed(status)
}

/// The others are healthy when the primary gives up.
fn one_of_several_crashes_at_start(
    submission: &Submission,
) -> Result<(), Failure> {
    // Whoever dies here dies at its start.
    let long = [("HEALTHY_MS", "600000")];
    let cluster = Cluster::start(submission, 2..=3, &long)?;
    let mut before = cluster.workers()?;
    let mut victim = before[0].pid;
    for crash in 1..MOST {
        submission.step(format!("waiting for the replacement {crash}"));
        cluster.exit(victim, 1)?;
        let question = "do you count each number's crashes?";
        victim = cluster.replacement(&before, &[victim], question)?[0];
        before = cluster.workers()?;
    }
    submission.step("waiting until the primary gives up");
    cluster.exit(victim, 1)?;
    let question = "do you count the crashes of a pid, or of a number?";
    failed(end(&cluster.server, LOOKS, question, || Ok(()))?)?;
    nothing_left(&cluster.server, "gave up")
}

pub fn stops(submission: &Submission) -> Result<(), Failure> {
    let cluster = Cluster::start(submission, 2..=3, &[])?;
    // One that came later must go as well.
    submission.step("waiting for the replacement of one worker");
    let before = cluster.workers()?;
    let victim = before[0].pid;
    cluster.exit(victim, 1)?;
    let question = "which codes say that the end was planned?";
    let new = cluster.replacement(&before, &[victim], question)?;
    let _kept = cluster.connect(new[0])?;
    submission.step("waiting for the end after SIGTERM");
    let server = &cluster.server;
    server.signal(Signal::SIGTERM)?;
    let question =
        "who waits for SIGTERM, and is a worker that you stop a crash?";
    let status = end(server, LOOKS, question, || Ok(()))?;
    nothing_left(server, "got SIGTERM")?;
    if TcpStream::connect(server.address()).is_ok() {
        return Err(Failure::new(
            "the port is still taken after SIGTERM",
            "who has the listener?",
        ));
    }
    match status.success() {
        true => Ok(()),
        false => Err(Failure::new(
            format!("after SIGTERM the primary ended with {status}"),
            "is it a failure to stop when asked to?",
        )),
    }
}

/// Waits for the end of the primary, and checks something meanwhile.
fn end(
    server: &Server,
    looks: u32,
    question: &str,
    mut check: impl FnMut() -> Result<(), Failure>,
) -> Result<ExitStatus, Failure> {
    for _ in 0..looks {
        if primary(server)?.is_none() {
            return Ok(server.wait_for_exit()?);
        }
        check()?;
        sleep(PAUSE);
    }
    Err(Failure::new("the primary runs on and on", question))
}

fn failed(status: ExitStatus) -> Result<(), Failure> {
    match status.success() {
        false => Ok(()),
        true => Err(Failure::new(
            "the primary gave up, and ended with code 0",
            "how does whoever started it learn that it failed?",
        )),
    }
}

fn nothing_left(server: &Server, what: &str) -> Result<(), Failure> {
    let left = workers(server)?.len();
    if left == 0 {
        return Ok(());
    }
    Err(Failure::new(
        format!("the primary {what} and ended, and {left} workers still run"),
        "who ends the workers, and waits until they have ended?",
    ))
}
