//! Grades a bounded pool of threads behind a server.
//!
//! No clock judges. The grader holds jobs at gates of its own, so that it
//! knows which are at work, and takes "never" from the kernel: all threads of
//! the server sleep, so nothing more will come.

mod bench;

use std::collections::HashSet;
use std::process::ExitCode;

use unblocked::grade::{Exercise, Failure, Submission};

use self::bench::{Bench, seen};

fn main() -> ExitCode {
    Exercise::new("pool", env!("CARGO_BIN_EXE_ex-pool"))
        .page("book/workers.md")
        .criterion(1, "work", "each client gets the output of its own job, from a thread that does not serve", work)
        .criterion(2, "all", "THREADS jobs are at work at once, each on its own thread", all)
        .criterion(3, "bound", "no more than THREADS jobs are at work, and no thread is added, however many come", bound)
        .criterion(2, "reuse", "all jobs run on the same THREADS threads", reuse)
        .criterion(2, "queue", "QUEUE more jobs wait, and each is done when a thread is free", queue)
        .criterion(3, "full", "one more gets 503 with Retry-After at once, while all others are held", full)
        .criterion(2, "fast", "the fast route is answered on a fresh and on a kept connection, whatever the pool does", fast)
        .criterion(3, "panic", "a job that panics gets 500, and the pool has as many threads as before", panic)
        .criterion(2, "gone", "a job that waits when its client leaves never runs", gone)
        .grade()
}

fn work(submission: &Submission) -> Result<(), Failure> {
    let bench = &mut Bench::start(submission, 2, 2)?;
    for _ in 0..20 {
        let seed = submission.random(0..u64::MAX);
        let n = submission.random(0..2_000);
        let path = format!("/work?seed={seed}&n={n}");
        submission.step(format!("waiting for {path}"));
        let asked = bench.server.enqueue(&path)?;
        let answer = bench.answer(asked)?;
        if answer.status != 200 || answer.body != checksum(seed, n) {
            return Err(Failure::new(
                format!("{path} was answered with {}", seen(&answer)),
                "does each client get the output of its own job?",
            ));
        }
        let pid = bench.server.pid();
        if answer.pid != pid || [0, pid].contains(&answer.thread) {
            return Err(Failure::new(
                format!("{path} was served by the thread that serves"),
                "who calls the job: a thread of the pool, or `run`?",
            ));
        }
    }
    Ok(())
}

/// What `/work` must answer, from the same formula as in the stub.
fn checksum(seed: u64, n: u64) -> String {
    let mut sum = seed;
    for step in 0..n {
        sum ^= step;
        sum = sum.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(23);
    }
    format!("{sum}\n")
}

fn all(submission: &Submission) -> Result<(), Failure> {
    let few = submission.random(2..5) as usize;
    for threads in [few, few + 1] {
        submission.step(format!("holding {threads} jobs at once"));
        let bench = &mut Bench::start(submission, threads, 2)?;
        let at_work = bench.occupy(threads)?;
        if at_work < threads {
            return Err(Failure::new(
                format!("THREADS={threads}, and {at_work} at work at once"),
                "how many threads take jobs from the queue?",
            ));
        }
        let tids: HashSet<u32> = bench.threads_at_work()?.into_iter().collect();
        if tids.len() < threads {
            return Err(Failure::new(
                format!(
                    "{threads} jobs were at work on {} threads",
                    tids.len()
                ),
                "does each job have a thread to itself while it runs?",
            ));
        }
        bench.drain()?;
    }
    Ok(())
}

fn bound(submission: &Submission) -> Result<(), Failure> {
    const MORE: usize = 8;
    let few = submission.random(2..5) as usize;
    for threads in [few, few + 1] {
        submission.step(format!("sending {threads} and {MORE} more jobs"));
        let bench = &mut Bench::start(submission, threads, MORE)?;
        bench.occupy(threads)?;
        let before = bench.server.threads()?.len();
        bench.send(MORE)?;
        bench.settle()?;
        let at_work = bench.at_work()?;
        if at_work > threads {
            return Err(Failure::new(
                format!("THREADS={threads}, and {at_work} at work at once"),
                "does each request start threads of its own?",
            ));
        }
        let after = bench.server.threads()?.len();
        if after > before {
            return Err(Failure::new(
                format!("{MORE} more jobs brought {} threads", after - before),
                "does a job that waits need a thread to wait on?",
            ));
        }
    }
    Ok(())
}

fn reuse(submission: &Submission) -> Result<(), Failure> {
    let threads = submission.random(2..5) as usize;
    let bench = &mut Bench::start(submission, threads, 2)?;
    let mut seen = HashSet::new();
    let mut jobs = 0;
    for round in 1..=4 {
        submission.step(format!("holding {threads} jobs, round {round}"));
        jobs += bench.occupy(threads)?;
        seen.extend(bench.threads_at_work()?);
        bench.drain()?;
        bench.settle()?;
    }
    if seen.len() > threads {
        return Err(Failure::new(
            format!("{jobs} jobs ran on {} threads", seen.len()),
            "when do the threads of a pool start, and when do they end?",
        ));
    }
    Ok(())
}

fn queue(submission: &Submission) -> Result<(), Failure> {
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
            "which jobs take a place in the queue: those that wait, or those at work too?",
        ));
    }
    submission.step("letting one job after the other through");
    bench.drain()
}

fn full(submission: &Submission) -> Result<(), Failure> {
    let places = submission.random(2..6) as usize;
    let bench = &mut Bench::start(submission, 1, places)?;
    submission.step("filling the pool and its queue");
    bench.occupy(1)?;
    bench.send(places)?;
    bench.settle()?;
    let before = bench.answered();
    for _ in 0..3 {
        submission.step("sending one job more than there is room for");
        let more = bench.server.enqueue("/work?seed=1&n=1")?;
        if !bench.comes(|_| Ok(more.is_answered()))? {
            return Err(Failure::new(
                "the job that found no room was neither done nor refused",
                "does your queue have an end, and what does sending to a full one do?",
            ));
        }
        let answer = more.answer()?;
        if answer.status != 503 || answer.header("retry-after").is_none() {
            return Err(Failure::new(
                format!(
                    "QUEUE={places} jobs waited, and one more got {}",
                    seen(&answer)
                ),
                "what in your pool has a bound?",
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

fn fast(submission: &Submission) -> Result<(), Failure> {
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

fn panic(submission: &Submission) -> Result<(), Failure> {
    let threads = submission.random(2..5) as usize;
    let bench = &mut Bench::start(submission, threads, 2)?;
    submission.step("counting how many jobs are at work at once");
    let before = bench.occupy(threads)?;
    bench.drain()?;
    // Three for each thread: a second life is not enough.
    for number in 1..=3 * threads {
        submission.step(format!("waiting for the answer to panic {number}"));
        let asked = bench.server.enqueue("/panic")?;
        if !bench.comes(|_| Ok(asked.is_answered()))? {
            return Err(Failure::new(
                format!(
                    "THREADS={threads}, and nobody took job {number} that panics"
                ),
                "what does a thread do after its job has panicked?",
            ));
        }
        let status = asked.answer()?.status;
        if status != 500 {
            return Err(Failure::new(
                format!(
                    "THREADS={threads}, and panic {number} was answered with {status}"
                ),
                "how many threads are left after a panic?",
            ));
        }
    }
    submission.step("counting how many jobs are at work after the panics");
    let after = bench.occupy(threads)?;
    if after < before {
        return Err(Failure::new(
            format!(
                "{before} jobs were at work at once, and {after} after the panics"
            ),
            "what does a thread do after its job has panicked?",
        ));
    }
    bench.drain()
}

fn gone(submission: &Submission) -> Result<(), Failure> {
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
