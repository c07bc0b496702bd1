//! Programs that end with the test that started them.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use procfs::ProcResult;
use procfs::process::{Process, all_processes};

/// It measures nothing: who waits longer than this waits for ever.
pub const HANG: Duration = Duration::from_secs(60);

/// The variable that tells what comes from one program.
const MARK: &str = "UNBLOCKED_TEST";

/// A program in a process group of its own. Dropping it kills the group, and
/// what left it, and reaps them.
///
/// # Panics
///
/// In `drop`, if something survives that.
pub struct Group {
    child: Child,
    /// A variable that all have who come from it.
    mark: String,
    guard: Child,
}

impl Group {
    /// Starts it, and waits for the line of its output that `ready` is looking
    /// for.
    pub fn start<T: Send + 'static>(
        command: &mut Command,
        ready: fn(&str) -> Option<T>,
    ) -> (Self, T) {
        // What it leaves behind when it is killed becomes ours, and we reap it;
        // other parents may be slow to.
        set_child_subreaper(true).expect("Linux can do that");
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let mark = format!("{}-{number}", std::process::id());
        let mut child = command
            .env(MARK, &mark)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("it can be started");
        let guard = match guard(child.id()) {
            Ok(guard) => guard,
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                panic!("no sh: {error}");
            }
        };
        let stdout = child.stdout.take().expect("it is a pipe");
        let group = Group { child, mark, guard };
        let (said, found) = channel();
        // To its end, or the program would stop when the pipe is full.
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Some(found) = ready(&line) {
                    let _ = said.send(found);
                }
            }
        });
        let found = found.recv_timeout(HANG);
        (group, found.expect("a line that says that it is ready"))
    }

    /// Its number, which is that of the program.
    pub fn id(&self) -> Pid {
        Pid::from_raw(self.child.id() as i32)
    }

    /// The processes that have its mark, in the group or not. One that is
    /// dead and not reaped has no mark any more.
    pub fn marked(&self) -> Vec<Pid> {
        select(|process| {
            let environment = process.environ()?;
            let mark = environment.get(OsStr::new(MARK));
            Ok(mark.is_some_and(|mark| *mark == *self.mark))
        })
    }

    /// Those that are in the group, also if they are dead and not reaped.
    pub fn members(&self) -> Vec<Pid> {
        let id = self.id().as_raw();
        select(|process| Ok(process.stat()?.pgrp == id))
    }

    fn end(&mut self) -> bool {
        let _ = self.guard.kill();
        let _ = self.guard.wait();
        // While they live: a browser's crash handlers end with the browser.
        let mut strays = self.marked();
        let deadline = Instant::now() + HANG;
        loop {
            // It fails if none is left to be killed.
            let _ = killpg(self.id(), Signal::SIGKILL);
            let _ = self.child.try_wait();
            while reaps(Pid::from_raw(-self.id().as_raw())) {}
            strays.extend(self.marked());
            for stray in &strays {
                let _ = kill(*stray, Signal::SIGKILL);
            }
            strays.retain(|stray| !reaps(*stray) && is_there(*stray));
            if self.members().is_empty() && strays.is_empty() {
                return true;
            }
            if Instant::now() > deadline {
                return false;
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
}

fn select(is_wanted: impl Fn(&Process) -> ProcResult<bool>) -> Vec<Pid> {
    let all = all_processes().expect("there is a /proc");
    let wanted = all
        .filter_map(Result::ok)
        // One that ends while we look is none of ours.
        .filter(|process| is_wanted(process).unwrap_or(false));
    wanted.map(|process| Pid::from_raw(process.pid)).collect()
}

/// Whether one of those was reaped now.
fn reaps(who: Pid) -> bool {
    waitpid(who, Some(WaitPidFlag::WNOHANG))
        .is_ok_and(|status| status != WaitStatus::StillAlive)
}

fn is_there(pid: Pid) -> bool {
    kill(pid, None).is_ok()
}

impl Drop for Group {
    fn drop(&mut self) {
        if !self.end() {
            let left = (self.members(), self.marked());
            let words = format!("of the group {}: {left:?} live", self.id());
            if thread::panicking() {
                eprintln!("{words}");
            } else {
                panic!("{words}");
            }
        }
    }
}

/// Starts a process that kills the group when this process ends, however that
/// happens: by then nobody is left to drop anything.
fn guard(group: u32) -> std::io::Result<Child> {
    Command::new("sh")
        .args(["-c", "read _; kill -s KILL -- -$0"])
        .arg(group.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
}
