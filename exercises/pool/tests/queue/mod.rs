//! What becomes of jobs that find all threads at work. One thread shows it, so
//! a pool of one meets these criteria.

use unblocked::grade::{Failure, Submission};

use crate::bench::{Bench, seen};

pub fn waits(submission: &Submission) -> Result<(), Failure> {
    let places = submission.random(2..6) as usize;
    let bench = &mut Bench::start(submission, 1, places)?;
    submission.step("holding a job");
    bench.occupy(1)?;
    submission.step(format!("sending {places} jobs that may wait"));
    bench.send(places)?;
    bench.settle()?;
    if bench.answered() > 0 {
        return Err(Failure::new(
            format!(
                "{} of {places} had to wait, and were refused",
                bench.answered()
            ),
            "which jobs take a place: those that wait, or those at work too?",
        ));
    }
    submission.step("letting one job after the other through");
    bench.drain()
}

pub fn full(submission: &Submission) -> Result<(), Failure> {
    let places = submission.random(2..6) as usize;
    let bench = &mut Bench::start(submission, 1, places)?;
    submission.step("filling the pool and its queue");
    bench.occupy(1)?;
    bench.send(places)?;
    bench.settle()?;
    let before = bench.answered();
    let held = places + 1 - before;
    for _ in 0..3 {
        submission.step("sending one job more than there is room for");
        let more = bench.server.enqueue("/work?seed=1&n=1")?;
        if !bench.comes(|_| Ok(more.is_answered()))? {
            // If it reads no more, that is what to say.
            bench.settle()?;
            return Err(Failure::new(
                format!("QUEUE={places} jobs waited, and one more waited too"),
                "how many jobs can your queue hold while one is at work?",
            ));
        }
        let answer = more.answer()?;
        if answer.status != 503 {
            return Err(Failure::new(
                format!(
                    "{held} jobs were held with THREADS=1 and QUEUE={places}, \
                     and one more got {}",
                    seen(&answer)
                ),
                "what in your pool has a bound?",
            ));
        }
        if answer.header("retry-after").is_none() {
            return Err(Failure::new(
                "a 503 came without Retry-After",
                "how should the client know when to come back?",
            ));
        }
    }
    if bench.answered() > before {
        return Err(Failure::new(
            "a job that waited was refused when another one came",
            "who is sent away when the queue is full?",
        ));
    }
    submission.step("letting one job after the other through");
    bench.forget_answered();
    bench.drain()?;
    let next = bench.server.enqueue("/work?seed=1&n=1")?;
    match bench.answer(next)?.status {
        200 => Ok(()),
        status => Err(Failure::new(
            format!("the queue was empty again, and a job got {status}"),
            "when does a job give its place back?",
        )),
    }
}

pub fn fast(submission: &Submission) -> Result<(), Failure> {
    let places = submission.random(1..4) as usize;
    let bench = &mut Bench::start(submission, 1, places)?;
    let kept = bench.server.connect()?;
    submission.step("filling the pool and its queue");
    bench.occupy(1)?;
    bench.send(places + 1)?;
    // The fresh one first: it is accepted behind all the jobs, so all of them
    // have been read when it is.
    for (connection, name) in [(None, "fresh"), (Some(&kept), "kept")] {
        submission.step(format!("waiting for /fast on a {name} connection"));
        let asked = match connection {
            Some(connection) => connection.enqueue("/fast")?,
            None => bench.server.enqueue("/fast")?,
        };
        if !bench.comes(|_| Ok(asked.is_answered()))? {
            return Err(Failure::new(
                format!("/fast on a {name} connection waited for the pool"),
                "which call puts the thread that serves to sleep?",
            ));
        }
        let answer = asked.answer()?;
        if (answer.status, &*answer.body) != (200, "fast\n") {
            return Err(Failure::new(
                format!("/fast was answered with {}", seen(&answer)),
                "does it take a place in the queue?",
            ));
        }
    }
    Ok(())
}

pub fn gone(submission: &Submission) -> Result<(), Failure> {
    let bench = &mut Bench::start(submission, 1, 4)?;
    submission.step("holding a job, with another one in the queue");
    bench.occupy(1)?;
    bench.send(1)?;
    bench.settle()?;
    if bench.at_work()? > 1 || bench.answered() > 0 {
        return Err(Failure::new(
            "the second job did not wait for the only thread",
            "where do jobs wait while all threads are at work?",
        ));
    }
    submission.step("leaving while the job waits");
    let mut gate = bench.leave()?;
    submission.step("letting the first job through");
    bench.drain()?;
    bench.settle()?;
    if gate.knocked()? {
        return Err(Failure::new(
            "a job ran although its client had left while it waited",
            "how can a thread know that nobody waits for the output?",
        ));
    }
    submission.step("doing the next job");
    bench.occupy(1)?;
    bench.drain()?;
    match gate.knocked()? {
        false => Ok(()),
        true => Err(Failure::new(
            "a job ran late although its client had left while it waited",
            "how can a thread know that nobody waits for the output?",
        )),
    }
}
