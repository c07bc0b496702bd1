//! What a primary owes its cluster.
//!
//! The workers are found in `/proc`, and killed there. To hear one of them in
//! particular, the grader stops all others meanwhile: nobody else can accept.

mod cluster;
mod ends;

use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use unblocked::grade::{Exercise, Failure, Submission};
use unblocked::lab::{Process, Signal};

use cluster::Cluster;
use ends::{done, gives_up, stops};

fn main() -> ExitCode {
    Exercise::new("supervise", env!("CARGO_BIN_EXE_ex-supervise"))
        .page("book/cluster.md")
        .criterion(
            2,
            "killed",
            "a worker that is killed is replaced by a new process that answers",
            killed,
        )
        .criterion(
            1,
            "crashed",
            "a worker that exits with a code other than 0 is replaced",
            crashed,
        )
        .criterion(
            1,
            "others",
            "while one is replaced, the others stay as they are",
            others,
        )
        .criterion(
            2,
            "both",
            "two workers that die in the same moment are both replaced",
            both,
        )
        .criterion(
            1,
            "planned",
            "a worker that exits with 0 stays dead",
            planned,
        )
        .criterion(
            1,
            "done",
            "when all have ended as planned, the primary ends with 0",
            done,
        )
        .criterion(
            3,
            "gives_up",
            "if a worker crashes at each of 5 starts, the primary fails and \
             leaves nothing",
            gives_up,
        )
        .criterion(
            2,
            "recovers",
            "a worker that was healthy before it crashed begins a new count",
            recovers,
        )
        .criterion(
            2,
            "stops",
            "SIGTERM ends the primary with 0 and leaves nothing",
            stops,
        )
        .grade()
}

fn killed(submission: &Submission) -> Result<(), Failure> {
    let cluster = Cluster::start(submission, 3..=4, &[])?;
    let before = cluster.workers()?;
    let victim = pick(submission, &before);
    submission.step("waiting for the replacement of a killed worker");
    victim.signal(Signal::SIGKILL)?;
    let question = "what is the exit code of a process that a signal ends?";
    let new = cluster.replacement(&before, &[victim.pid], question)?;
    cluster.connect(new[0]).map(drop)
}

fn crashed(submission: &Submission) -> Result<(), Failure> {
    let cluster = Cluster::start(submission, 3..=4, &[])?;
    let before = cluster.workers()?;
    let victim = pick(submission, &before).pid;
    // 1 is the one that everybody thinks of.
    let code = submission.random(2..256);
    submission.step(format!("waiting for the replacement after code {code}"));
    cluster.exit(victim, code)?;
    let question = "which codes say that the end was planned?";
    let new = cluster.replacement(&before, &[victim], question)?;
    cluster.connect(new[0]).map(drop)
}

fn others(submission: &Submission) -> Result<(), Failure> {
    let cluster = Cluster::start(submission, 3..=4, &[])?;
    let before = cluster.workers()?;
    let victim = pick(submission, &before).pid;
    let mut kept = Vec::new();
    for other in before.iter().filter(|it| it.pid != victim) {
        kept.push((other.pid, cluster.connect(other.pid)?));
    }
    submission.step("waiting for the replacement of one worker");
    cluster.exit(victim, 1)?;
    let question = "does `watch` start one worker for one death?";
    let new = cluster.replacement(&before, &[victim], question)?;
    cluster.connect(new[0])?;
    submission.step("asking the others on connections that are older");
    for (pid, connection) in kept {
        let answer = connection.enqueue("/pid").and_then(|it| it.answer());
        if !answer.is_ok_and(|it| it.body.trim() == pid.to_string()) {
            return Err(Failure::new(
                "one worker crashed, and another one let go of its clients",
                "whom does `watch` stop or start when one worker dies?",
            ));
        }
    }
    Ok(())
}

fn both(submission: &Submission) -> Result<(), Failure> {
    let cluster = Cluster::start(submission, 3..=4, &[])?;
    let before = cluster.workers()?;
    submission.step("waiting for the replacement of two that die at once");
    let first = submission.random(0..before.len() as u64) as usize;
    let victims = [&before[first], &before[(first + 1) % before.len()]];
    cluster.kill_at_once(&victims)?;
    let question = "how many deaths can stand behind one SIGCHLD?";
    let pids = victims.map(|victim| victim.pid);
    for new in cluster.replacement(&before, &pids, question)? {
        cluster.connect(new)?;
    }
    Ok(())
}

fn planned(submission: &Submission) -> Result<(), Failure> {
    let cluster = Cluster::start(submission, 3..=4, &[])?;
    let before = cluster.workers()?;
    submission.step("waiting for the end of a worker that exits with 0");
    cluster.exit(before[0].pid, 0)?;
    cluster.wait_until_reaped(before[0].pid)?;
    // A primary that has dealt with later deaths is done with the earlier one.
    submission.step("waiting for the replacement of two that crash later");
    for _ in 0..2 {
        let living = cluster.workers()?;
        cluster.exit(living[0].pid, 1)?;
        let question = "is the loop over after a planned end?";
        cluster.wait("a crash was not replaced", question, |workers| {
            let mut pids = workers.iter().map(|it| it.pid);
            let new = |pid: u32| living.iter().all(|it| it.pid != pid);
            let whole = workers.len() + 1 >= before.len();
            (whole && pids.any(new)).then_some(())
        })?;
    }
    const MANY: u32 = 50;
    for _ in 0..MANY {
        if cluster.workers()?.len() >= before.len() {
            return Err(Failure::new(
                "a worker that had exited with 0 was replaced",
                "which ends are planned, and which are crashes?",
            ));
        }
        cluster.server.enqueue("/pid")?.answer()?;
    }
    Ok(())
}

fn recovers(submission: &Submission) -> Result<(), Failure> {
    /// One more than may crash at their start.
    const CRASHES: u32 = 6;
    const HEALTHY: Duration = Duration::from_millis(50);
    let healthy = HEALTHY.as_millis().to_string();
    let variables = [("HEALTHY_MS", healthy.as_str())];
    let cluster = Cluster::start(submission, 1..=1, &variables)?;
    for crash in 1..=CRASHES {
        let before = cluster.workers()?;
        let connection = cluster.connect(before[0].pid)?;
        // More than long enough, also for a primary that looks late.
        sleep(2 * HEALTHY);
        submission.step(format!("waiting for replacement {crash}"));
        connection.enqueue("/exit?code=1")?.abandon();
        let question = "does a crash long ago still count?";
        cluster.replacement(&before, &[before[0].pid], question)?;
    }
    Ok(())
}

fn pick<'a>(submission: &Submission, workers: &'a [Process]) -> &'a Process {
    &workers[submission.random(0..workers.len() as u64) as usize]
}
