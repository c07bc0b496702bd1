//! Jobs, their children, and waiting for both.

use std::thread::sleep;
use std::time::Duration;

use unblocked::grade::{Failure, Submission};
use unblocked::lab::{Answer, Error, Pending, Process, Server};

/// The deadline of most jobs. Whoever is to be faster than that has time, also
/// on a busy machine.
pub const DEADLINE_MS: &str = "1000";

/// So often it is looked for what should come, with a short pause in between:
/// a guard against hangs, which measures nothing. It is longer than any
/// deadline, and on a busy machine longer than that.
const LOOKS: u32 = 1500;

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(2);

/// A job on its way, and the child that it got.
pub struct Job {
    pub pending: Pending,
    pub child: Process,
}

impl Job {
    /// Sends a job and finds its child. There is none if the job, or one of
    /// `others`, is answered first.
    pub fn start(
        server: &Server,
        job: &str,
        others: &[&Job],
    ) -> Result<Option<Job>, Failure> {
        let before = living(server)?;
        let known = |it: &Process| before.iter().any(|old| old.pid == it.pid);
        let pending = server.enqueue(&format!("/job?{job}"))?;
        for _ in 0..LOOKS {
            // Asked first: if nothing is answered, no child was late.
            let over = pending.is_answered()
                || others.iter().any(|other| other.pending.is_answered());
            let child = living(server)?.into_iter().find(|it| !known(it));
            match child {
                _ if over => return Ok(None),
                Some(child) => return Ok(Some(Job { pending, child })),
                None => sleep(PAUSE),
            }
        }
        Err(Failure::new(
            "a job was sent, and no child appeared",
            "does each job start a child?",
        ))
    }

    /// Sends a job whose child says nothing and lives.
    pub fn lasting(server: &Server, job: &str) -> Result<Job, Failure> {
        let job = Job::start(server, job, &[])?;
        job.ok_or_else(|| {
            Failure::new(
                "a job was answered before its child had said anything or died",
                "does `ask` wait for its child?",
            )
        })
    }
}

/// Waits for the answer to a job; `question` is asked if none comes.
pub fn finish(pending: Pending, question: &str) -> Result<Answer, Failure> {
    first(&[&pending], question)?;
    pending.answer().map_err(|error| match error {
        Error::NoAnswer { reason, scene, .. } => Failure::new(
            format!(
                "the connection of a job ended without an answer: {reason}"
            ),
            question,
        )
        .with_scene(scene),
        error => error.into(),
    })
}

/// Waits until the first of these is answered, with whatever.
pub fn first(pending: &[&Pending], question: &str) -> Result<(), Failure> {
    for _ in 0..LOOKS {
        if pending.iter().any(|it| it.is_answered()) {
            return Ok(());
        }
        sleep(PAUSE);
    }
    Err(Failure::new("no answer came, for long after the deadline", question))
}

/// Whether a job works now, as it should after whatever happened before.
pub fn works(submission: &Submission, server: &Server) -> Result<(), Failure> {
    submission.step("waiting for the answer to the next job");
    let question = "what do you give back only when all goes well?";
    let text = word(submission);
    let next = server.enqueue(&format!("/job?do=answer&text={text}"))?;
    let answer = finish(next, question)?;
    if answer.status != 200 || answer.body.trim_end() != text {
        let observed = format!("the next job, {text:?}, {}", was(&answer));
        return Err(Failure::new(observed, question));
    }
    Ok(())
}

/// Whether something is still so after many more jobs: long enough for
/// whatever the program does only a moment after an answer, on any machine.
pub fn stays(
    submission: &Submission,
    server: &Server,
    mut is_so: impl FnMut() -> Result<bool, Failure>,
) -> Result<bool, Failure> {
    const MANY: u32 = 30;
    for _ in 0..MANY {
        if !is_so()? {
            return Ok(false);
        }
        works(submission, server)?;
    }
    is_so()
}

/// The living children of the program, and theirs.
pub fn living(server: &Server) -> Result<Vec<Process>, Failure> {
    let mut all = server.processes()?;
    all.retain(|process| process.pid != server.pid());
    Ok(all)
}

/// How a job was answered, in words.
pub fn was(answer: &Answer) -> String {
    let body = format!("{:?}", answer.body.trim_end());
    format!("was answered with {} and {}", answer.status, short(&body))
}

/// Enough of a text to know it by.
pub fn short(text: &str) -> String {
    const MOST: usize = 60;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.into(),
    }
}

/// A text that the program can't know.
pub fn word(submission: &Submission) -> String {
    format!("w{:x}", submission.random(..))
}
