//! Grades a bounded pool of threads behind a server.
//!
//! No clock judges. The grader holds jobs at gates of its own, so that it
//! knows which are at work, and takes "never" from the kernel: all threads of
//! the server sleep, so nothing more will come.

mod bench;
mod queue;

use std::collections::HashSet;
use std::process::ExitCode;

use unblocked::grade::{Exercise, Failure, Submission};

use self::bench::{Bench, seen, tasks};

fn main() -> ExitCode {
    Exercise::new("pool", env!("CARGO_BIN_EXE_ex-pool"))
        .page("book/workers.md")
        .criterion(
            1,
            "work",
            "each client gets the output of its own job, from a thread that \
             does not serve",
            work,
        )
        .criterion(
            2,
            "all",
            "THREADS jobs are at work at once, each on its own thread",
            all,
        )
        .criterion(
            3,
            "bound",
            "no more than THREADS jobs are at work, and no thread is added, \
             however many come",
            bound,
        )
        .criterion(
            1,
            "reuse",
            "all jobs run on the same THREADS threads",
            reuse,
        )
        .criterion(1, "idle", "threads without a job sleep", idle)
        .criterion(
            2,
            "queue",
            "QUEUE more jobs wait, and each is done when a thread is free",
            queue::waits,
        )
        .criterion(
            3,
            "full",
            "one more gets 503 with Retry-After at once, while all others \
             are held",
            queue::full,
        )
        .criterion(
            2,
            "fast",
            "the fast route is answered on a fresh and on a kept \
             connection, whatever the pool does",
            queue::fast,
        )
        .criterion(
            3,
            "panic",
            "a job that panics gets 500, and the pool has as many threads \
             as before",
            panic,
        )
        .criterion(
            2,
            "gone",
            "a job that waits when its client leaves never runs",
            queue::gone,
        )
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
        let sum = checksum(seed, n);
        if answer.status != 200 || answer.body != sum {
            return Err(Failure::new(
                format!(
                    "{path} was answered with {}, and not with {sum:?}",
                    seen(&answer)
                ),
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
    let (mut seen, mut jobs, mut at_once) = (HashSet::new(), 0, threads);
    for round in 1..=4 {
        submission.step(format!("holding {at_once} jobs, round {round}"));
        // If there are fewer threads, that is for another criterion.
        at_once = bench.occupy(at_once)?;
        jobs += at_once;
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

fn idle(submission: &Submission) -> Result<(), Failure> {
    let bench = &mut Bench::start(submission, 4, 2)?;
    submission.step("doing one job, so that the threads have started");
    bench.occupy(1)?;
    bench.drain()?;
    bench.settle()?;
    let workers = |bench: &Bench| {
        let mut tasks = tasks(&bench.server)?;
        tasks.retain(|task| task.tid != bench.server.pid());
        Ok::<_, Failure>(tasks)
    };
    let before = workers(bench)?;
    submission.step("asking for /fast while there are no jobs");
    let connection = bench.server.connect()?;
    for _ in 0..200 {
        let asked = connection.enqueue("/fast")?;
        bench.answer(asked)?;
    }
    if workers(bench)? != before {
        return Err(Failure::new(
            "threads of the pool ran while there was no job",
            "do they sleep until a job comes, or look for one again and again?",
        ));
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
                    "THREADS={threads}, and job {number} that panics got no \
                     answer"
                ),
                "what does a thread do after its job has panicked?",
            ));
        }
        let status = asked.answer()?.status;
        if status != 500 {
            return Err(Failure::new(
                format!(
                    "THREADS={threads}, and panic {number} was answered with \
                     {status}"
                ),
                "how many threads are left after a panic?",
            ));
        }
    }
    submission.step("counting how many jobs are at work after the panics");
    let after = bench.occupy(before)?;
    if after < before {
        return Err(Failure::new(
            format!(
                "{before} jobs were at work at once, and {after} after the \
                 panics"
            ),
            "what does a thread do after its job has panicked?",
        ));
    }
    bench.drain()
}
