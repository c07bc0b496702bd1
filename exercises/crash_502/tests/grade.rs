//! What a parent owes its children and its clients.
//!
//! A child's life is none of what is graded, so nothing that it prints is
//! believed: the children are found in `/proc`, killed there, and looked for
//! again when they should be gone.

mod deaths;
mod job;

use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use unblocked::grade::{Exercise, Failure, Submission};
use unblocked::lab::Signal;

use deaths::{answers, exit, garbage, killed, next, reaped, silent};
use job::{DEADLINE_MS, Job, finish, first, living, stays, was};

fn main() -> ExitCode {
    Exercise::new("crash_502", env!("CARGO_BIN_EXE_ex-crash_502"))
        .page("book/fork.md")
        .criterion(1, "answers", "what the child says is the answer", answers)
        .criterion(
            1,
            "killed",
            "a child that is killed is answered with 502",
            killed,
        )
        .criterion(
            1,
            "exit",
            "a child that exits with a code is answered with 502",
            exit,
        )
        .criterion(
            1,
            "silent",
            "a child that exits with 0 without a word is answered with 502",
            silent,
        )
        .criterion(
            1,
            "garbage",
            "a child that says no message is answered with 502",
            garbage,
        )
        .criterion(
            2,
            "late",
            "a child that hangs is answered with 504 at the deadline, and ends",
            late,
        )
        .criterion(
            2,
            "at_once",
            "a death is answered at once, before the deadline of a job that \
             began earlier",
            at_once,
        )
        .criterion(
            1,
            "free",
            "the parent answers others while it waits for a child",
            free,
        )
        .criterion(
            1,
            "next",
            "when many children have died, the next job works",
            next,
        )
        .criterion(
            2,
            "reaped",
            "no child is left of a job that was answered, not even a zombie",
            reaped,
        )
        .criterion(
            2,
            "leaves",
            "a client that leaves takes its child with it",
            leaves,
        )
        .grade()
}

/// By so much a job begins earlier than those that are to overtake it: who
/// only waits for the deadline can't make up for it.
const HEAD_START: Duration = Duration::from_millis(200);

/// So often may a machine be too busy to let the faster one win.
const ROUNDS: u32 = 2;

fn late(submission: &Submission) -> Result<(), Failure> {
    let patient = submission.start(&[("DEADLINE_MS", "10000")])?;
    let hasty = submission.start(&[("DEADLINE_MS", "300")])?;
    submission.step("starting two children that hang");
    let long = Job::lasting(&patient, "do=hang")?;
    let short = Job::lasting(&hasty, "do=hang")?;
    submission.step("waiting for the earlier of two deadlines");
    let question = "what ends the wait for a child that says nothing and \
                    does not die?";
    first(&[&short.pending, &long.pending], question)?;
    if !short.pending.is_answered() {
        return Err(Failure::new(
            "a deadline of 10000 ms was over before one of 300 ms",
            "is the deadline the one that `DEADLINE_MS` sets?",
        ));
    }
    let answer = finish(short.pending, question)?;
    if answer.status != 504 {
        let observed = format!("a child that hangs {}", was(&answer));
        return Err(Failure::new(observed, "which status says `too late`?"));
    }
    submission.step("waiting for the end of a child that hung");
    let child = short.child.pid;
    let runs = || Ok(living(&hasty)?.iter().any(|it| it.pid == child));
    if stays(submission, &hasty, runs)? {
        return Err(Failure::new(
            "after its 504 the child still runs",
            "who ends the child when `timeout` has given up?",
        ));
    }
    Ok(())
}

fn at_once(submission: &Submission) -> Result<(), Failure> {
    let server = submission.start(&[("DEADLINE_MS", DEADLINE_MS)])?;
    for _ in 0..ROUNDS {
        submission.step("starting a child that hangs, and four that die");
        let hangs = Job::lasting(&server, "do=hang")?;
        sleep(HEAD_START);
        let Some(victim) = Job::start(&server, "do=kill", &[&hangs])? else {
            continue;
        };
        let mut dead = vec![victim.pending];
        for job in ["do=exit&code=3", "do=silent", "do=garbage&text=a"] {
            dead.push(server.enqueue(&format!("/job?{job}"))?);
        }
        let _ = victim.child.signal(Signal::SIGKILL);
        submission.step("waiting for the answers for four dead children");
        for death in &dead {
            first(&[death, &hangs.pending], "who is told of a death?")?;
        }
        if !hangs.pending.is_answered() {
            return Ok(());
        }
    }
    Err(Failure::new(
        "a dead child was answered after the deadline of one that hung, and \
         had been asked earlier",
        "does a death end the wait, or only the deadline? An end of file comes \
         when nobody has the child's end of the channel any more: who else \
         has it?",
    ))
}

fn free(submission: &Submission) -> Result<(), Failure> {
    let server = submission.start(&[("DEADLINE_MS", DEADLINE_MS)])?;
    for _ in 0..ROUNDS {
        let kept = server.connect()?;
        kept.enqueue("/fast-one")?.answer()?;
        submission.step("starting a child that hangs");
        let hangs = Job::lasting(&server, "do=hang")?;
        submission.step("waiting for two fast answers meanwhile");
        for fast in [server.enqueue("/fast-one")?, kept.enqueue("/fast-one")?] {
            first(&[&fast, &hangs.pending], "who serves meanwhile?")?;
        }
        if !hangs.pending.is_answered() {
            return Ok(());
        }
    }
    Err(Failure::new(
        "a fast request was answered after the deadline of a child that hung",
        "does a line of `ask` wait without an `.await`, so that the thread \
         that serves everybody waits?",
    ))
}

fn leaves(submission: &Submission) -> Result<(), Failure> {
    let server = submission.start(&[("DEADLINE_MS", DEADLINE_MS)])?;
    for _ in 0..ROUNDS {
        submission.step("starting two children that hang");
        let stays = Job::lasting(&server, "do=hang")?;
        sleep(HEAD_START);
        let Some(left) = Job::start(&server, "do=hang", &[&stays])? else {
            continue;
        };
        left.pending.abandon();
        submission.step("waiting for the end of a child without a client");
        loop {
            let over = stays.pending.is_answered();
            let all = living(&server)?;
            let runs = all.iter().any(|it| it.pid == left.child.pid);
            match (runs, over) {
                (false, false) => return Ok(()),
                (_, true) => break,
                (true, false) => sleep(Duration::from_millis(2)),
            }
        }
    }
    Err(Failure::new(
        "a client left, and its child ran on past the deadline of another",
        "which line ends the child, if the future of its request is dropped \
         at an `.await`?",
    ))
}
