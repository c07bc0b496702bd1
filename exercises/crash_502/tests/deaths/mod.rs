//! Children that answer, and children that die.

use unblocked::grade::{Failure, Submission};
use unblocked::lab::{Answer, Process, Server, Signal};

use crate::job::{
    DEADLINE_MS, Job, finish, first, living, short, stays, was, word, works,
};

pub fn answers(submission: &Submission) -> Result<(), Failure> {
    let server = submission.start(&[("DEADLINE_MS", "10000")])?;
    // A long one takes more than one read.
    let long = word(submission).repeat(1000);
    let texts = [word(submission), long, word(submission)];
    submission.step("waiting for what three children say");
    let mut asked = Vec::new();
    for text in &texts {
        let job = format!("/job?do=answer&text={text}");
        asked.push((text, server.enqueue(&job)?));
    }
    // The newest first: no answer may depend on the one before.
    while let Some((text, pending)) = asked.pop() {
        let answer = finish(pending, "does a word of the child reach you?")?;
        if answer.status != 200 || answer.body.trim_end() != text {
            return Err(Failure::new(
                format!(
                    "a child that says {} {}",
                    short(&format!("{text:?}")),
                    was(&answer)
                ),
                "is its text the answer, the whole of it, and no other child's?",
            ));
        }
    }
    Ok(())
}

pub fn killed(submission: &Submission) -> Result<(), Failure> {
    let server = submission.start(&[("DEADLINE_MS", DEADLINE_MS)])?;
    submission.step("looking for the child to kill");
    let victim = Job::lasting(&server, "do=kill")?;
    submission.step("waiting for the answer for a killed child");
    // It fails if the deadline ended the child just now, and the status of
    // the answer tells of that.
    let _ = victim.child.signal(Signal::SIGKILL);
    let question =
        "what does your end of the channel tell when a child is killed?";
    let answer = finish(victim.pending, question)?;
    is_502(submission, &server, "a child that was killed", answer, question)
}

pub fn exit(submission: &Submission) -> Result<(), Failure> {
    let code = submission.random(1..256);
    let question = "does an end of the child end your wait?";
    dies(submission, &format!("do=exit&code={code}"), question)
}

pub fn silent(submission: &Submission) -> Result<(), Failure> {
    let question = "has a child said something because its code is 0?";
    dies(submission, "do=silent", question)
}

pub fn garbage(submission: &Submission) -> Result<(), Failure> {
    let question = "what does `ask` do with a line that it can't parse?";
    // A number is JSON as well, and no message either.
    let number = submission.random(0..1_000_000).to_string();
    for text in [word(submission), number, String::new()] {
        dies(submission, &format!("do=garbage&text={text}"), question)?;
    }
    Ok(())
}

fn dies(
    submission: &Submission,
    job: &str,
    question: &str,
) -> Result<(), Failure> {
    let server = submission.start(&[("DEADLINE_MS", DEADLINE_MS)])?;
    submission.step(format!("waiting for the answer to {job}"));
    let pending = server.enqueue(&format!("/job?{job}"))?;
    let answer = finish(pending, question)?;
    is_502(
        submission,
        &server,
        &format!("a child with {job}"),
        answer,
        question,
    )
}

fn is_502(
    submission: &Submission,
    server: &Server,
    who: &str,
    answer: Answer,
    question: &str,
) -> Result<(), Failure> {
    if answer.status != 502 {
        return Err(Failure::new(format!("{who} {}", was(&answer)), question));
    }
    works(submission, server)
}

pub fn next(submission: &Submission) -> Result<(), Failure> {
    const DEATHS: usize = 32;
    let server = submission.start(&[("DEADLINE_MS", DEADLINE_MS)])?;
    submission.step("letting many children die");
    let jobs = ["do=exit&code=3", "do=silent", "do=garbage&text=a"];
    let mut dead = Vec::new();
    for job in jobs.iter().cycle().take(DEATHS) {
        dead.push(server.enqueue(&format!("/job?{job}"))?);
    }
    for death in &dead {
        first(&[death], "who is told when many die at the same time?")?;
    }
    works(submission, &server)
}

pub fn reaped(submission: &Submission) -> Result<(), Failure> {
    let server = submission.start(&[("DEADLINE_MS", DEADLINE_MS)])?;
    submission.step("starting children that answer, and others that die");
    let killed = Job::lasting(&server, "do=kill")?;
    let mut jobs = vec![killed.pending];
    for job in ["do=answer&text=a", "do=exit&code=3", "do=silent"] {
        jobs.push(server.enqueue(&format!("/job?{job}"))?);
    }
    let _ = killed.child.signal(Signal::SIGKILL);
    for job in &jobs {
        first(&[job], "does every end of a child end your wait?")?;
    }
    submission.step("looking for what is left of the children");
    let left = || -> Result<Vec<Process>, Failure> {
        let mut left = living(&server)?;
        left.extend(server.zombies()?);
        Ok(left)
    };
    // Later jobs may leave children of their own, which are not looked for.
    let mut early = left()?;
    let remain = || {
        let now = left()?;
        early.retain(|it| now.iter().any(|process| process.pid == it.pid));
        Ok(!early.is_empty())
    };
    if !stays(submission, &server, remain)? {
        return Ok(());
    }
    let observed = match server.zombies()?.len() {
        0 => "a child still runs after its job was answered".into(),
        zombies => format!("{zombies} children are dead and still there (Z)"),
    };
    let question = "who waits for a child once it is dead or dropped?";
    Err(Failure::new(observed, question))
}
