use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{
    Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::Signal;
use nix::sys::time::TimeVal;
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

use super::{Failure, remains};
use crate::lab::{self, guard};

/// A submission that runs and is no server. Dropping it kills its whole
/// process group and reaps it.
pub struct Running {
    /// Its standard input; dropped, the program reads its end.
    pub stdin: Option<ChildStdin>,
    /// Its standard output, until [`wait`](Self::wait) reads the rest of it.
    pub stdout: Option<ChildStdout>,
    stderr: Option<JoinHandle<Vec<u8>>>,
    /// Set when it has ended: who still holds its streams is not waited for.
    over: Arc<AtomicBool>,
    command: String,
    child: Child,
    guard: Child,
}

/// How a submission ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Its exit code or the signal that killed it.
    pub status: ExitStatus,
    /// What was left on its standard output.
    pub stdout: Vec<u8>,
    /// What it wrote to its standard error, its first mebibyte.
    pub stderr: String,
    /// How long it and the children that it reaped kept a CPU busy, as the
    /// kernel says.
    pub cpu: Duration,
}

impl Running {
    pub(super) fn start(mut command: Command) -> Result<Self, Failure> {
        let words = words(&command);
        let failed = |error: io::Error| {
            Failure::new(
                format!("cannot start `{words}`: {error}"),
                "is the program there?",
            )
        };
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        let guard = match guard(child.id()) {
            Ok(guard) => guard,
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(failed(error));
            }
        };
        let over = Arc::new(AtomicBool::new(false));
        Ok(Running {
            stdin: child.stdin.take(),
            stdout: child.stdout.take(),
            // On a thread, or it would stop when the pipe is full.
            stderr: child.stderr.take().map(|from| {
                let over = Arc::clone(&over);
                thread::spawn(move || drain(from, 1 << 20, &over))
            }),
            over,
            command: words,
            child,
            guard,
        })
    }

    /// Its process, which leads its group.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal, and to no other process of its group.
    ///
    /// # Errors
    ///
    /// When it is gone.
    pub fn signal(&self, signal: Signal) -> Result<(), Failure> {
        Ok(lab::send(signal, self.pid() as i32)?)
    }

    /// How it ended, if it did.
    ///
    /// # Errors
    ///
    /// When the kernel does not tell.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>, Failure> {
        Ok(self.child.try_wait()?)
    }

    /// Lets go of its standard input, reads the rest of its standard output,
    /// and waits for its end.
    ///
    /// # Errors
    ///
    /// When it was waited for before ([`ended`](Self::ended) counts too).
    pub fn wait(mut self) -> Result<Ended, Failure> {
        drop(self.stdin.take());
        let stdout = self.stdout.take().map(|from| {
            let over = Arc::clone(&self.over);
            thread::spawn(move || drain(from, usize::MAX, &over))
        });
        // The time of those that were reaped is known in sum only: it is the
        // difference to just before.
        let id = Id::Pid(Pid::from_raw(self.pid() as i32));
        waitid(id, WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)
            .map_err(io::Error::from)?;
        let before = reaped()?;
        let status = self.child.wait()?;
        let cpu = reaped()?.saturating_sub(before);
        remains::end_group(self.pid());
        self.over.store(true, Ordering::SeqCst);
        let read = |thread: Option<JoinHandle<Vec<u8>>>| {
            thread.and_then(|thread| thread.join().ok()).unwrap_or_default()
        };
        let (stdout, stderr) = (read(stdout), read(self.stderr.take()));
        let stderr = String::from_utf8_lossy(&stderr).into_owned();
        Ok(Ended { status, stdout, stderr, cpu })
    }

    /// The command line that started it.
    pub fn command(&self) -> &str {
        &self.command
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.guard.kill();
        let _ = self.guard.wait();
        let _ = self.child.kill();
        let _ = lab::send(Signal::SIGKILL, -(self.pid() as i32));
        let _ = self.child.wait();
        remains::end_group(self.pid());
    }
}

/// What a stream says, no more than `most` bytes of it; the rest is dropped.
/// It ends with the stream, or if that is empty when all is over: a child that
/// was forgotten may hold it open.
fn drain(
    mut from: impl Read + AsFd,
    most: usize,
    over: &AtomicBool,
) -> Vec<u8> {
    const NOW_AND_THEN: u8 = 10; // milliseconds
    let mut said = Vec::new();
    let mut part = [0; 1 << 16];
    loop {
        // Looked at first: what was said before the end is there by then.
        let is_over = over.load(Ordering::SeqCst);
        let mut fds = [PollFd::new(from.as_fd(), PollFlags::POLLIN)];
        if poll(&mut fds, NOW_AND_THEN) == Ok(0) {
            if is_over {
                return said;
            }
            continue;
        }
        match from.read(&mut part) {
            Ok(0) => return said,
            Ok(count) => {
                let room = most.saturating_sub(said.len()).min(count);
                said.extend_from_slice(&part[..room]);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return said,
        }
    }
}

fn reaped() -> io::Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    Ok(duration(usage.user_time()) + duration(usage.system_time()))
}

fn duration(time: TimeVal) -> Duration {
    Duration::from_secs(time.tv_sec() as u64)
        + Duration::from_micros(time.tv_usec() as u64)
}

fn words(command: &Command) -> String {
    let mut words = vec![command.get_program()];
    words.extend(command.get_args());
    let words: Vec<_> =
        words.into_iter().map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}
