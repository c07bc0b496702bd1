use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use procfs::process::all_processes;
use unblocked::lab::HANG;

/// `unblocked lab` with these words, in a process group of its own.
pub fn lab(words: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_unblocked"));
    command.arg("lab").args(words.split_whitespace());
    command.stdin(Stdio::null()).process_group(0);
    command
}

/// What it prints, and how it ends.
#[track_caller]
pub fn run(words: &str) -> (Option<i32>, String, String) {
    finish(&mut lab(words))
}

/// The same of any such command.
#[track_caller]
pub fn finish(command: &mut Command) -> (Option<i32>, String, String) {
    Running::spawn(command).end()
}

/// All that it prints when all goes well.
#[track_caller]
pub fn stdout(words: &str) -> String {
    let (code, stdout, stderr) = run(words);
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    stdout
}

/// A run that is killed with its process group when its test ends too early;
/// the listing's own guard then kills the listing.
pub struct Guarded(pub Child);

impl Drop for Guarded {
    fn drop(&mut self) {
        if self.0.try_wait().is_ok_and(|ended| ended.is_none()) {
            let group = Pid::from_raw(self.0.id() as i32);
            let _ = killpg(group, Signal::SIGKILL);
            let _ = self.0.wait();
        }
    }
}

/// A run that prints plain lines, killed with its test.
pub struct Running {
    child: Guarded,
    lines: BufReader<ChildStdout>,
    /// The process of the listing, whose number is that of its group.
    pub listing: u32,
}

impl Running {
    #[track_caller]
    pub fn start(command: &mut Command) -> Self {
        let mut running = Running::spawn(command);
        running.listing = listing(&running.line());
        running
    }

    fn spawn(command: &mut Command) -> Self {
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = Guarded(command.spawn().expect("it starts"));
        let stdout = child.0.stdout.take().expect("it is a pipe");
        let lines = BufReader::new(stdout);
        Running { child, lines, listing: 0 }
    }

    #[track_caller]
    pub fn line(&mut self) -> String {
        if self.lines.buffer().is_empty() {
            readable(self.lines.get_ref().as_fd());
        }
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("it prints UTF-8");
        line
    }

    #[track_caller]
    pub fn wait_for(&mut self, words: &str) {
        loop {
            let line = self.line();
            assert!(!line.is_empty(), "it ended without {words}");
            if line.contains(words) {
                return;
            }
        }
    }

    pub fn signal(&self, signal: Signal) {
        send(signal, self.child.0.id());
    }

    /// Waits for its end, reading all of it, and says what `run` says.
    #[track_caller]
    pub fn end(mut self) -> (Option<i32>, String, String) {
        let mut stdout = String::new();
        loop {
            match self.line() {
                line if line.is_empty() => break,
                line => stdout += &line,
            }
        }
        let (code, stderr) = ended(&mut self.child);
        (code, stdout, stderr)
    }

    /// Stops to read, and waits for its end.
    #[track_caller]
    pub fn close(self) -> (Option<i32>, String) {
        let Running { mut child, lines, .. } = self;
        drop(lines);
        ended(&mut child)
    }
}

/// How it ends, and what is on its standard error.
#[track_caller]
pub fn ended(Guarded(child): &mut Guarded) -> (Option<i32>, String) {
    until("its end", || child.try_wait().expect("it is ours").is_some());
    let mut said = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        stderr.read_to_string(&mut said).expect("it prints UTF-8");
    }
    (child.wait().expect("it is ours").code(), said)
}

/// Waits until there is something to read, or the end of it.
#[track_caller]
pub fn readable(from: BorrowedFd) {
    let mut fds = [PollFd::new(from, PollFlags::POLLIN)];
    let hang = PollTimeout::try_from(HANG).expect("it is not too long");
    let ready = poll(&mut fds, hang).expect("it is open");
    assert_ne!(ready, 0, "it neither says anything nor ends");
}

/// Asks until it is so.
#[track_caller]
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + HANG;
    while !is_so() {
        assert!(Instant::now() < deadline, "waited for {what} in vain");
        thread::sleep(Duration::from_millis(2));
    }
}

/// The process that the first line of a run names.
#[track_caller]
pub fn listing(header: &str) -> u32 {
    let pid = header.split_once(" runs: pid ");
    let pid = pid.and_then(|(_, rest)| rest.split_once(','));
    let pid = pid.and_then(|(pid, _)| pid.parse().ok());
    pid.unwrap_or_else(|| panic!("no pid in {header:?}"))
}

pub fn send(signal: Signal, pid: u32) {
    kill(Pid::from_raw(pid as i32), signal).expect("it runs");
}

/// All processes of a listing's group, dead ones that nobody has reaped and
/// its guard too.
pub fn left_of(listing: u32) -> Vec<String> {
    let all = all_processes().expect("there is a /proc");
    let all = all.filter_map(|process| process.ok()?.stat().ok());
    let is_guard = |pid: i32| {
        let line = fs::read_to_string(format!("/proc/{pid}/cmdline"));
        line.is_ok_and(|line| {
            line.starts_with("sh\0")
                && line.ends_with(&format!("\0{listing}\0"))
        })
    };
    all.filter(|stat| stat.pgrp == listing as i32 || is_guard(stat.pid))
        .map(|stat| format!("{} {} {}", stat.pid, stat.state, stat.comm))
        .collect()
}
