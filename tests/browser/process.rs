//! Programs that end with the test that started them.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use procfs::process::all_processes;

/// It measures nothing: who waits longer than this waits for ever.
pub const HANG: Duration = Duration::from_secs(60);

/// A program in a process group of its own. Dropping it kills the group and
/// reaps it.
///
/// # Panics
///
/// In `drop`, if something survives that.
pub struct Group {
    child: Child,
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
        let mut child = command
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
        let group = Group { child, guard };
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

    /// The processes of the group, also those that nobody has reaped.
    fn members(&self) -> Vec<i32> {
        let stats = all_processes()
            .expect("there is a /proc")
            .filter_map(|process| process.ok()?.stat().ok());
        let id = self.id().as_raw();
        stats.filter(|stat| stat.pgrp == id).map(|stat| stat.pid).collect()
    }

    fn end(&mut self) -> bool {
        let _ = self.guard.kill();
        let _ = self.guard.wait();
        let deadline = Instant::now() + HANG;
        loop {
            // It fails if none is left to be killed.
            let _ = killpg(self.id(), Signal::SIGKILL);
            if self.child.try_wait().is_ok_and(|status| status.is_some()) {
                let orphans = Pid::from_raw(-self.id().as_raw());
                let flag = Some(WaitPidFlag::WNOHANG);
                while waitpid(orphans, flag)
                    .is_ok_and(|status| status != WaitStatus::StillAlive)
                {
                }
            }
            if self.members().is_empty() {
                return true;
            }
            if Instant::now() > deadline {
                return false;
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !self.end() {
            let left = self.members();
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
