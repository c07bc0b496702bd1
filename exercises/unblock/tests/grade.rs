//! What an unblocked server does, and how it is known.
//!
//! A slow request counts as running when the kernel says that the program has
//! used CPU time since; only then the fast one is sent. So nothing that the
//! program says or prints is believed, and one that sleeps first is asked
//! when it computes.

mod work;

use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use unblocked::grade::{Exercise, Failure, Submission};
use unblocked::lab::{Answer, Connection, Pending, Server};

use work::{Load, Task, idle};

fn main() -> ExitCode {
    Exercise::new("unblock", env!("CARGO_BIN_EXE_ex-unblock"))
        .page("book/blocked.md")
        .criterion(
            1,
            "result",
            "/work answers the checksum of what it was asked for",
            result,
        )
        .criterion(
            2,
            "fresh",
            "beside one /work, /fast on a fresh connection is answered first",
            |submission| overtake(submission, 7, 1, Kept::No),
        )
        .criterion(
            2,
            "kept",
            "the same on connections that are kept open",
            |submission| overtake(submission, 7, 1, Kept::Yes),
        )
        .criterion(
            2,
            "many_fresh",
            "beside more /work than cores, /fast on a fresh connection is \
             answered first",
            |submission| overtake(submission, 3, cores() + 2, Kept::No),
        )
        .criterion(
            3,
            "many_kept",
            "beside more /work than cores, the same on connections that are \
             kept open",
            |submission| overtake(submission, 3, cores() + 2, Kept::Yes),
        )
        .grade()
}

/// Guards against a hang, and measures nothing.
const NEVER: Duration = Duration::from_secs(3);

/// A while in which nothing happens. Nobody fails for it: it only makes it
/// likelier that a server is seen to block that does not always block.
const SETTLED: Duration = Duration::from_millis(5);

/// Whether the connections of a round were used before, and the one for the
/// fast request is open already.
#[derive(Clone, Copy, PartialEq)]
enum Kept {
    Yes,
    No,
}

fn result(submission: &Submission) -> Result<(), Failure> {
    let server = submission.start(&[])?;
    for rounds in [0, 1, submission.random(2..100_000)] {
        let task = Task::new(submission, rounds);
        submission.step(format!("waiting for the answer to {}", task.path()));
        task.judge(&server.enqueue(&task.path())?.answer()?)?;
    }
    let tasks: Vec<Task> = (0..5)
        .map(|_| Task::new(submission, submission.random(2..100_000)))
        .collect();
    submission.step("waiting for the answers to five /work at once");
    let asked: Vec<Pending> = tasks
        .iter()
        .map(|task| server.enqueue(&task.path()))
        .collect::<Result<_, _>>()?;
    for (task, asked) in tasks.iter().zip(asked) {
        task.judge(&asked.answer()?)?;
    }
    Ok(())
}

/// Has `slow` requests at work, sends a fast one, and looks who is first.
fn overtake(
    submission: &Submission,
    rounds: usize,
    slow: usize,
    kept: Kept,
) -> Result<(), Failure> {
    let server = submission.start(&[])?;
    // Long enough to send a request in the meantime; many at once take longer
    // for that alone.
    let cpu = Duration::from_millis(if slow == 1 { 70 } else { 50 });
    let load = Load::calibrate(submission, &server, cpu)?;
    let race = Race { submission, server: &server, slow, kept };
    for round in 1..=rounds {
        // On a busy machine, an answer may come late that was given in time.
        // Beside four times the work it does not, unless it has to wait.
        if !race.is_won(&load)? && !race.is_won(&load.times(4))? {
            let scene = format!("round {round} of {rounds}");
            return Err(too_late(slow).with_scene(scene));
        }
    }
    Ok(())
}

/// A round: slow requests, and a fast one that starts later.
struct Race<'a> {
    submission: &'a Submission,
    server: &'a Server,
    slow: usize,
    kept: Kept,
}

impl Race<'_> {
    /// Whether the fast one is answered before any slow one.
    fn is_won(&self, load: &Load) -> Result<bool, Failure> {
        let Race { submission, server, .. } = self;
        let tasks: Vec<Task> = (0..self.slow)
            .map(|_| {
                let more = submission.random(0..load.rounds / 20);
                Task::new(submission, load.rounds + more)
            })
            .collect();
        let mut connections = Vec::new();
        for _ in 0..self.slow {
            connections.push(self.open()?);
        }
        let for_fast = match self.kept {
            Kept::Yes => Some(self.open()?),
            Kept::No => None,
        };
        // So that the server knows of them, and sleeps until a request comes.
        thread::sleep(SETTLED);

        let before = submission.cpu_time(server.pid());
        let mut asked = Vec::new();
        for (task, connection) in tasks.iter().zip(&connections) {
            asked.push(connection.enqueue(&task.path())?);
        }
        // Sometimes early, sometimes late in the work, so that all of it has
        // to be out of the way.
        let share = submission.random(10..50) as f64 / 100.0;
        let wanted = before + load.cpu.mul_f64(share);
        submission.step("waiting for CPU time to be used on /work");
        while submission.cpu_time(server.pid()) < wanted {
            let early = asked.iter().position(Pending::is_answered);
            // Or it was at work while we did not look.
            if let Some(early) = early
                && submission.cpu_time(server.pid()) < wanted
            {
                tasks[early].judge(&asked.swap_remove(early).answer()?)?;
                return Err(idle());
            }
            thread::sleep(Duration::from_millis(1));
        }

        submission.step("waiting for the answer to /fast");
        let fast = match &for_fast {
            Some(connection) => connection.enqueue("/fast")?,
            None => server.enqueue("/fast")?,
        };
        while !fast.is_answered() && !asked.iter().any(Pending::is_answered) {
            thread::sleep(Duration::from_millis(1));
        }
        // If a slow answer is there and this one is not, it is late already.
        let fast = match fast.is_answered() {
            true => Some(fast.answer()?),
            false => None,
        };
        judge_fast(fast.as_ref())?;
        submission.step("waiting for the answers to /work");
        let mut won = true;
        for (task, asked) in tasks.iter().zip(asked) {
            let answer = asked.answer()?;
            task.judge(&answer)?;
            won &= fast
                .as_ref()
                .is_some_and(|fast| fast.answered_at < answer.answered_at);
        }
        Ok(won)
    }

    /// A connection that is open, and was used if it is to be one that is kept.
    fn open(&self) -> Result<Connection, Failure> {
        let connection = self.server.connect()?;
        if self.kept == Kept::No {
            return Ok(connection);
        }
        self.submission
            .step("waiting for /fast while other connections are idle");
        let warm_up = connection.enqueue("/fast")?;
        let deadline = Instant::now() + NEVER;
        while !warm_up.is_answered() {
            if Instant::now() > deadline {
                return Err(Failure::new(
                    "/fast got no answer while other connections were open \
                     and idle",
                    "is a connection served to its end before the next one \
                     is accepted?",
                ));
            }
            thread::sleep(Duration::from_millis(1));
        }
        judge_fast(Some(&warm_up.answer()?))?;
        Ok(connection)
    }
}

fn too_late(slow: usize) -> Failure {
    let question = match slow {
        1 => "is the work still on a thread that serves connections?",
        _ => {
            "how many slow ones does it take until no thread is left that \
              serves connections?"
        }
    };
    let which = match slow {
        1 => "the slow one".into(),
        _ => format!("one of {slow} slow ones"),
    };
    Failure::new(
        format!("the fast request was answered after {which}"),
        question,
    )
}

fn judge_fast(answer: Option<&Answer>) -> Result<(), Failure> {
    match answer {
        Some(answer) if (answer.status, &*answer.body) != (200, "fast\n") => {
            Err(Failure::new(
                format!("/fast: {} {:?}", answer.status, answer.body),
                "why not `200` and `fast`?",
            ))
        }
        _ => Ok(()),
    }
}

/// How many cores this process may use.
fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}
