//! What a loop that counts has to do.
//!
//! Time is CPU time: on a busy machine a program takes longer, and does not
//! work more.

use std::process::{ExitCode, ExitStatus};
use std::thread::sleep;
use std::time::Duration;
use std::{fmt, fs};

use nix::sched::{CpuSet, sched_getcpu, sched_setaffinity};
use nix::unistd::Pid;
use unblocked::grade::{Exercise, Failure, Running, Submission};
use unblocked::lab::Signal;

fn main() -> ExitCode {
    Exercise::new("honest_loop", env!("CARGO_BIN_EXE_ex-honest_loop"))
        .page("book/workers.md")
        .criterion(
            2,
            "count",
            "the count is right, for random numbers and beyond 32 bits",
            count,
        )
        .criterion(
            3,
            "works",
            "counting far takes work: CPU time, and no sleep",
            works,
        )
        .criterion(
            5,
            "twice",
            "counting twice as far takes 1.6 to 2.4 times the CPU time, after \
             a stop too",
            twice,
        )
        .grade()
}

fn count(submission: &Submission) -> Result<(), Failure> {
    for n in [0, submission.random(1..1_000), submission.random(MILLION..NEAR)]
    {
        Run::start(submission, n)?.wait()?.counted_to(n)?;
    }

    // Nobody waits for four billion steps. They share a core with a much
    // smaller count, so whoever is through with them first has cut them short.
    let core = sched_getcpu().map_err(unlucky)?;
    let far = (1 << 32) + submission.random(1..1_000);
    let cut_short = Run::start(submission, far)?.on(core)?;
    Run::start(submission, NEAR)?.on(core)?.wait()?.counted_to(NEAR)?;
    match cut_short.look()?.ended {
        true => cut_short.wait()?.counted_to(far),
        false => Ok(()),
    }
}

fn works(submission: &Submission) -> Result<(), Failure> {
    calibrate(submission, sched_getcpu().map_err(unlucky)?).map(drop)
}

fn twice(submission: &Submission) -> Result<(), Failure> {
    let core = sched_getcpu().map_err(unlucky)?;
    let n = calibrate(submission, core)?;
    // Neighbours make a run dearer and never cheaper: the least one counts.
    let (mut once, mut twice) = (Duration::MAX, Duration::MAX);
    let mut stopped = Duration::MAX;
    for _ in 0..3 {
        once = once.min(measure(submission, n, core)?);
        // One is stopped until the other one is through. By then its time is
        // over, and its steps are not done.
        let run = Run::start(submission, 2 * n)?.on(core)?;
        // Stopped before it looks at the clock, it would not notice.
        submission.step("waiting for the loop to use CPU time");
        let pid = run.running.pid();
        while submission.cpu_time(pid) < STARTED && !run.look()?.ended {
            sleep(Duration::from_millis(1));
        }
        run.signal(Signal::SIGSTOP)?;
        twice = twice.min(measure(submission, 2 * n, core)?);
        run.signal(Signal::SIGCONT)?;
        stopped = stopped.min(run.wait()?.worked()?);
    }

    let part = stopped.as_secs_f64() / twice.as_secs_f64();
    if part < LEAST_PART {
        return Err(Failure::new(
            format!(
                "stopped for a while and continued, it used {:.0} % of the \
                 CPU time that it uses otherwise",
                part * 100.0
            ),
            "does it watch the clock, and not its steps?",
        ));
    }
    let times = twice.as_secs_f64() / once.as_secs_f64();
    if (1.6..=2.4).contains(&times) {
        return Ok(());
    }
    Err(Failure::new(
        format!("counting twice as far took {times:.1} times the CPU time"),
        match times < 2.0 {
            true => "does every step of the loop happen?",
            false => "why is a later step dearer than an earlier one?",
        },
    ))
}

const MILLION: u64 = 1_000_000;

/// A count that every machine is through with at once.
const NEAR: u64 = 100 * MILLION;

/// To start takes less CPU time than this, so after it a program counts.
const STARTED: Duration = Duration::from_millis(10);

/// Below this a program has skipped steps. It is less than one, because a
/// neighbour may slow down all runs but the one that was stopped.
const LEAST_PART: f64 = 0.6;

/// Finds out how far the program counts in about 40 ms of CPU time.
fn calibrate(submission: &Submission, core: usize) -> Result<u64, Failure> {
    let (long, enough) = (40_000, 5_000); // Microseconds.
    let mut n = MILLION;
    loop {
        let spent = measure(submission, n, core)?.as_micros() as u64;
        if spent >= enough {
            return Ok(n * long / spent + 1);
        }
        // No core does ten steps in a picosecond.
        if n >= 100_000 * MILLION {
            let spent = spent as f64 / 1_000.0;
            return Err(Failure::new(
                format!("it counted to {n} in {spent:.1} ms of CPU time"),
                "the loop is gone: did the compiler delete it?",
            ));
        }
        n *= 4;
    }
}

/// The CPU time of one run, on that core.
fn measure(
    submission: &Submission,
    n: u64,
    core: usize,
) -> Result<Duration, Failure> {
    Run::start(submission, n)?.on(core)?.wait()?.worked()
}

/// The program at work.
struct Run {
    running: Running,
    n: u64,
}

/// What became of it.
struct End {
    n: u64,
    status: ExitStatus,
    printed: String,
    complaint: String,
    cpu: Duration,
    /// How often it gave its core away to wait for something.
    waits: u64,
}

/// What the kernel says of it.
struct Look {
    ended: bool,
    asleep: bool,
    waits: u64,
}

impl Run {
    fn start(submission: &Submission, n: u64) -> Result<Run, Failure> {
        submission.step(format!("counting to {n}"));
        let mut command = submission.command();
        command.arg(n.to_string());
        Ok(Run { running: submission.spawn(command)?, n })
    }

    /// Lets it have that core and no other one.
    fn on(self, core: usize) -> Result<Run, Failure> {
        let mut cores = CpuSet::new();
        cores.set(core).map_err(unlucky)?;
        let pid = Pid::from_raw(self.running.pid() as i32);
        sched_setaffinity(pid, &cores).map_err(unlucky)?;
        Ok(self)
    }

    fn signal(&self, signal: Signal) -> Result<(), Failure> {
        // One that has ended, and is not reaped, takes it too.
        self.running.signal(signal)
    }

    /// Waits for its end, as long as it is at work.
    fn wait(self) -> Result<End, Failure> {
        let mut asleep = 0;
        loop {
            let look = self.look()?;
            if look.ended {
                let end = self.running.wait()?;
                let printed = String::from_utf8_lossy(&end.stdout);
                return Ok(End {
                    n: self.n,
                    status: end.status,
                    printed: printed.trim().chars().take(60).collect(),
                    complaint: end.stderr,
                    cpu: end.cpu,
                    waits: look.waits,
                });
            }
            // Whoever waits for its core is not asleep.
            asleep = if look.asleep { asleep + 1 } else { 0 };
            if asleep == 50 {
                return Err(Failure::new(
                    "it sleeps and sleeps",
                    "does it wait where it should count?",
                ));
            }
            sleep(Duration::from_millis(5));
        }
    }

    fn look(&self) -> Result<Look, Failure> {
        let mut look = Look { ended: true, asleep: true, waits: 0 };
        let pid = self.running.pid();
        for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
            // A thread that ends while we look is none of ours to report.
            let path = thread?.path().join("status");
            let Ok(status) = fs::read_to_string(path) else { continue };
            let value = |name: &str| {
                let mut lines = status.lines();
                let value = lines.find_map(|line| line.strip_prefix(name));
                value.unwrap_or_default().trim().to_owned()
            };
            look.ended &= value("State:").starts_with('Z');
            look.asleep &= value("State:").starts_with('S');
            let waits = value("voluntary_ctxt_switches:");
            look.waits += waits.parse::<u64>().map_err(unlucky)?;
        }
        Ok(look)
    }
}

impl End {
    fn counted_to(&self, n: u64) -> Result<(), Failure> {
        self.succeeded()?;
        if self.printed == n.to_string() {
            return Ok(());
        }
        Err(Failure::new(
            format!("asked to count to {n} it printed `{}`", self.printed),
            match n > u32::MAX.into() {
                true => "how far does the type of the counter reach?",
                false => "how many steps are there from 0 to n?",
            },
        ))
    }

    /// The CPU time of a program that did nothing but work.
    fn worked(&self) -> Result<Duration, Failure> {
        self.succeeded()?;
        // To start takes a few waits, and so does to print.
        if self.waits < 100 {
            return Ok(self.cpu);
        }
        Err(Failure::new(
            format!("it gave up its core {} times, to wait", self.waits),
            "does it wait where it should count?",
        ))
    }

    fn succeeded(&self) -> Result<(), Failure> {
        if self.status.success() {
            return Ok(());
        }
        Err(Failure::new(
            format!("counting to {} ended with {}", self.n, self.status),
            "is there a number that it does not take?",
        )
        .with_scene(&self.complaint))
    }
}

fn unlucky(problem: impl fmt::Display) -> Failure {
    Failure::new(format!("the grader failed: {problem}"), "does it fail again?")
}
