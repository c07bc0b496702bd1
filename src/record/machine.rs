//! Where and when a run is recorded, and whether it was left in peace.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::utsname::uname;
use nix::time::{ClockId, clock_gettime};
use procfs::{CpuInfo, Current};

use super::trace::Machine;
use crate::lab::{Listing, Server};

/// Off by more than this, and a run says more about the machine's other work
/// than about the listing.
const SPOILED: f64 = 1.3;

/// Long enough for a scheduler to give a core to somebody else in between.
const LOOP: Duration = Duration::from_millis(150);

/// What lasts no longer than a loop or two spoils nothing.
const LOOPS: usize = 5;

/// The median of so many requests is steady.
const REQUESTS: usize = 201;

/// Other work lasts longer than so many medians.
const TRIES: usize = 20;

/// The machine, and the state of a listing in the repository at `root`.
///
/// # Errors
///
/// When git or rustc do not answer, or the listing is not committed as it is:
/// a trace names the commit that it shows.
pub fn machine(root: &Path, listing: &str) -> Result<Machine> {
    let folder = format!("listings/{listing}");
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        output(git.arg("-C").arg(root).args(arguments).arg("--").arg(&folder))
    };
    let changed = git(&["status", "--porcelain"])?;
    ensure!(
        changed.is_empty(),
        "{folder} is not committed as it is: commit it first, so that the \
         trace can name what it shows"
    );
    let commit = git(&["log", "-1", "--format=%h", "--abbrev=7"])?;
    let kernel = uname().context("cannot ask for the kernel's name")?;
    let release = kernel.release().to_string_lossy();
    let parts: Vec<&str> = release.split('.').take(2).collect();
    let cpus = CpuInfo::current().context("cannot read /proc/cpuinfo")?;
    let processor = cpus.model_name(0).unwrap_or("unknown processor");
    Ok(Machine {
        date: chrono::Local::now().format("%Y-%m-%d").to_string(),
        processor: processor.to_owned(),
        cores: cores()?,
        kernel: format!(
            "{} {}",
            kernel.sysname().to_string_lossy(),
            parts.join(".")
        ),
        rustc: output(Command::new("rustc").arg("--version"))?,
        commit,
    })
}

fn cores() -> Result<usize> {
    let cores = thread::available_parallelism();
    Ok(cores.context("cannot count the cores")?.get())
}

fn output(command: &mut Command) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .with_context(|| format!("cannot run {program}; is it installed?"))?;
    ensure!(
        output.status.success(),
        "{program}: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Sings as long as nobody else uses the machine: an idle server that is
/// asked now and then, and a loop on each core.
pub struct Canary {
    server: Server,
    best: Option<Duration>,
}

impl Canary {
    /// Starts the idle server.
    ///
    /// # Errors
    ///
    /// As [`Listing::start`].
    pub fn start() -> Result<Self> {
        let server = Listing::new("blocked").start()?;
        Ok(Canary { server, best: None })
    }

    /// Looks whether all cores are free, now, and whether a request that has
    /// nothing to wait for is as fast as it was.
    ///
    /// # Errors
    ///
    /// When not, with the reason.
    pub fn check(&mut self) -> Result<()> {
        let mut worst = f64::INFINITY;
        for _ in 0..LOOPS {
            worst = worst.min(fixed_loops(cores()?)?);
            if worst < SPOILED {
                break;
            }
        }
        ensure!(
            worst < SPOILED,
            "this machine has other work: a loop of {} ms took {worst:.2} \
             times as long; stop that work, and record again",
            LOOP.as_millis()
        );
        let mut ratio = f64::INFINITY;
        // A core that has slept long wakes up slowly for a while.
        for _ in 0..TRIES {
            let median = self.ask()?;
            let best = self.best.map_or(median, |best| best.min(median));
            self.best = Some(best);
            ratio = median.as_secs_f64() / best.as_secs_f64();
            if ratio < SPOILED {
                return Ok(());
            }
        }
        bail!(
            "an idle server took {ratio:.2} times as long for a request as \
             before; stop what else this machine does, and record again"
        )
    }

    /// The median time of a request that has nothing to wait for.
    fn ask(&self) -> Result<Duration> {
        let kept = self.server.connect()?;
        let mut times = Vec::new();
        for _ in 0..REQUESTS {
            let answer = kept.send("/fast-one")?.answer()?;
            times.push(answer.answered_at - answer.sent_at);
        }
        times.sort_unstable();
        Ok(times[REQUESTS / 2])
    }
}

/// Runs a loop on each core at once. Gives how many times the CPU time that it
/// used the slowest one took by the clock.
fn fixed_loops(cores: usize) -> Result<f64> {
    let loops: Vec<_> = (0..cores).map(|_| thread::spawn(fixed_loop)).collect();
    let mut worst: f64 = 0.0;
    for one in loops {
        let ratio = one.join().expect("a loop does not panic")?;
        worst = worst.max(ratio);
    }
    Ok(worst)
}

fn fixed_loop() -> Result<f64> {
    let used = || {
        clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)
            .map(Duration::from)
            .context("cannot read the CPU time of a thread")
    };
    let (start, begun) = (Instant::now(), used()?);
    while used()? - begun < LOOP {}
    Ok(start.elapsed().as_secs_f64() / (used()? - begun).as_secs_f64())
}

/// Writes a file whole or not at all.
///
/// # Errors
///
/// When the folder can't be written to.
pub fn write(file: &Path, text: &str) -> Result<()> {
    let wrong = || format!("cannot write {}", file.display());
    let next = file.with_extension("new");
    fs::write(&next, text).with_context(wrong)?;
    fs::rename(&next, file).with_context(wrong)
}
