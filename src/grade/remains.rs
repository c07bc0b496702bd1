use std::process;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::prctl::{set_child_subreaper, set_pdeathsig};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::time::ClockId;
use nix::unistd::Pid;
use procfs::process::Process as Proc;
use procfs::ticks_per_second;

use crate::lab::{self, Process};

/// How long to go on killing before it counts as in vain.
const IN_VAIN: Duration = Duration::from_secs(2);

/// Makes this process the parent of every orphan below it, so that none of
/// them escapes [`sweep`], whichever group or session it has moved to.
pub(super) fn adopt_orphans() {
    // It can fail only on kernels older than the ones that Rust supports.
    let _ = set_child_subreaper(true);
}

/// Ctrl-C, and what asks a program to end otherwise, ends everything below
/// this process first. To be called before any other thread exists.
pub(super) fn sweep_when_interrupted() {
    let signals =
        SigSet::from_iter([Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP]);
    // Threads inherit this; programs that are started do not.
    if signals.thread_block().is_err() {
        return;
    }
    thread::spawn(move || {
        if let Ok(signal) = signals.wait() {
            sweep();
            process::exit(128 + signal as i32);
        }
    });
}

/// Whoever started this process takes it along when it ends.
pub(super) fn end_with_parent() {
    let _ = set_pdeathsig(Signal::SIGTERM);
}

/// Kills all processes below this one, and returns those that it could not
/// kill.
pub(super) fn sweep() -> Vec<Process> {
    let deadline = Instant::now() + IN_VAIN;
    loop {
        let living = living();
        for process in &living {
            // It fails if the process ended just now.
            let _ = process.signal(Signal::SIGKILL);
        }
        if living.is_empty() || Instant::now() > deadline {
            return living;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// The living processes below this one.
pub(super) fn living() -> Vec<Process> {
    let all = lab::descendants(process::id());
    let mut all = all.unwrap_or_default();
    all.retain(|process| !process.is_zombie());
    all
}

/// Reaps whatever is dead below this process. To be called only while nobody
/// else waits for a child.
pub(super) fn reap() {
    reap_among(-1);
}

/// Kills a process group, and reaps those of it that are orphans.
pub(super) fn end_group(group: u32) {
    let deadline = Instant::now() + IN_VAIN;
    let whole = -(group as i32);
    while lab::group(group).is_ok_and(|left| !left.is_empty())
        && Instant::now() < deadline
    {
        let _ = lab::send(Signal::SIGKILL, whole);
        reap_among(whole);
        thread::sleep(Duration::from_millis(1));
    }
}

fn reap_among(which: i32) {
    let which = Pid::from_raw(which);
    while waitpid(which, Some(WaitPidFlag::WNOHANG))
        .is_ok_and(|status| status != WaitStatus::StillAlive)
    {}
}

/// See [`Submission::cpu_time`](super::Submission::cpu_time).
pub(super) fn cpu_time(group: u32) -> Duration {
    let members = lab::group(group).unwrap_or_default();
    members.iter().map(|member| cpu_time_of(member.pid)).sum()
}

fn cpu_time_of(pid: u32) -> Duration {
    let stat = Proc::new(pid as i32).and_then(|process| process.stat());
    let Ok(stat) = stat else { return Duration::ZERO };
    let ticks =
        |ticks: u64| Duration::from_secs(ticks) / ticks_per_second() as u32;
    // A tick is long; the process's clock is exact, while it lives.
    let clock = ClockId::pid_cpu_clock_id(Pid::from_raw(pid as i32));
    let exact = clock.and_then(ClockId::now).map(Duration::from);
    let own = ticks(stat.utime + stat.stime).max(exact.unwrap_or_default());
    own + ticks((stat.cutime + stat.cstime).max(0) as u64)
}
