use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{
    Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio,
};
use std::thread::{self, JoinHandle};
use std::time::Duration;

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
    stderr: Option<JoinHandle<String>>,
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
    /// What it wrote to its standard error.
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
        Ok(Running {
            stdin: child.stdin.take(),
            stdout: child.stdout.take(),
            stderr: child.stderr.take().map(|from| {
                // On a thread, or it would stop when the pipe is full.
                thread::spawn(move || kept(from))
            }),
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
        let mut stdout = Vec::new();
        if let Some(mut from) = self.stdout.take() {
            from.read_to_end(&mut stdout)?;
        }
        // The time of those that were reaped is known in sum only: it is the
        // difference to just before.
        let id = Id::Pid(Pid::from_raw(self.pid() as i32));
        waitid(id, WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)
            .map_err(io::Error::from)?;
        let before = reaped()?;
        let status = self.child.wait()?;
        let cpu = reaped()?.saturating_sub(before);
        // What it left behind may hold the stream open.
        remains::end_group(self.pid());
        let stderr = self.stderr.take().map(JoinHandle::join);
        let stderr = stderr.and_then(Result::ok).unwrap_or_default();
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

/// The start of what a stream says; the rest is read and dropped.
fn kept(mut from: impl Read) -> String {
    const MOST: u64 = 1 << 20;
    let mut start = Vec::new();
    let _ = from.by_ref().take(MOST).read_to_end(&mut start);
    let _ = io::copy(&mut from, &mut io::sink());
    String::from_utf8_lossy(&start).into_owned()
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
