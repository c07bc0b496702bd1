use std::fmt;
use std::fs;

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getpgid};
use procfs::{ProcError, process};

use super::Error;

/// A process, as it was when it was looked at.
#[derive(Clone, Debug)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// The number of its parent.
    pub parent: u32,
    /// Its short name (`comm`, at most 15 bytes).
    pub name: String,
    /// One letter from `proc_pid_stat(5)`: `R` runs, `S` sleeps, `Z` is dead
    /// and waits to be reaped.
    pub state: char,
}

impl Process {
    /// Sends it a signal.
    ///
    /// # Errors
    ///
    /// When it is gone.
    pub fn signal(&self, signal: Signal) -> Result<(), Error> {
        send(signal, self.pid as i32)
    }

    /// Whether it is dead and only waits to be reaped.
    ///
    /// `kill(pid, 0)` still succeeds on such a process, so it can't tell.
    pub fn is_zombie(&self) -> bool {
        matches!(self.state, 'Z' | 'X')
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Process { pid, parent, name, state } = self;
        write!(f, "{pid} {state} {name} (child of {parent})")
    }
}

/// A thread, as it was when it was looked at.
#[derive(Clone, Debug)]
pub struct Thread {
    /// Its number; that of a process's first thread is the process's own.
    pub tid: u32,
    /// Its name.
    pub name: String,
}

/// What a process costs in memory.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// Proportional set size in bytes: a page shared by n processes counts
    /// one nth.
    pub pss: u64,
    /// Unique set size in bytes: what its death would give back.
    pub uss: u64,
}

/// Sends `signal` to the process `pid`, or to the group `-pid`.
pub(crate) fn send(signal: Signal, pid: i32) -> Result<(), Error> {
    kill(Pid::from_raw(pid), signal).map_err(|source| Error::Signal {
        signal,
        pid,
        source,
    })
}

/// Every process of the group, zombies too, in the order of their numbers.
pub(crate) fn group(pgrp: u32) -> Result<Vec<Process>, Error> {
    // To ask for a group is far cheaper than to read what else there is.
    let may = |pid: u32| {
        let group = getpgid(Some(Pid::from_raw(pid as i32)));
        group == Ok(Pid::from_raw(pgrp as i32))
    };
    select(pgrp, may, |_, group| group == pgrp)
}

/// The children of a process, zombies too.
pub(super) fn children(parent: u32) -> Result<Vec<Process>, Error> {
    select(parent, |_| true, |process, _| process.parent == parent)
}

/// The children of a process, their children, and so on, zombies too. Whoever
/// adopts orphans finds those here that left their group.
pub(crate) fn descendants(ancestor: u32) -> Result<Vec<Process>, Error> {
    let mut others = select(ancestor, |_| true, |_, _| true)?;
    let mut found = Vec::new();
    let mut parents = vec![ancestor];
    while let Some(parent) = parents.pop() {
        let children = others.extract_if(.., |other| other.parent == parent);
        let children: Vec<Process> = children.collect();
        parents.extend(children.iter().map(|child| child.pid));
        found.extend(children);
    }
    Ok(found)
}

/// The processes that `wanted` picks by themselves and their group, of those
/// that `may` be picked by their numbers; `pid` is named if that is impossible.
fn select(
    pid: u32,
    may: impl Fn(u32) -> bool,
    wanted: impl Fn(&Process, u32) -> bool,
) -> Result<Vec<Process>, Error> {
    let all = fs::read_dir("/proc").map_err(|source| Error::Look {
        pid,
        source: ProcError::Io(source, None),
    })?;
    let mut picked: Vec<Process> = all
        .filter_map(|entry| {
            let number = entry.ok()?.file_name();
            let number: u32 = number.to_str()?.parse().ok()?;
            if !may(number) {
                return None;
            }
            // One that ends while we look is none of ours to report.
            let stat = fs::read(format!("/proc/{number}/stat")).ok()?;
            let (process, group) = parse(number, &stat)?;
            wanted(&process, group).then_some(process)
        })
        .collect();
    picked.sort_by_key(|process| process.pid);
    Ok(picked)
}

/// A process and its group, from the start of its `stat`. All processes of the
/// machine are looked at again and again, and procfs reads forty fields more.
fn parse(pid: u32, stat: &[u8]) -> Option<(Process, u32)> {
    let stat = String::from_utf8_lossy(stat);
    // The name may hold anything, parentheses too.
    let (name, fields) = stat.split_once('(')?.1.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    let parent = fields.next()?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    Some((Process { pid, parent, name: name.into(), state }, group))
}

pub(super) fn threads(pid: u32) -> Result<Vec<Thread>, Error> {
    look(pid, |process| {
        let tasks = process.tasks()?;
        let stats = tasks.filter_map(|task| task.ok()?.stat().ok());
        Ok(stats
            .map(|stat| Thread { tid: stat.pid as u32, name: stat.comm })
            .collect())
    })
}

pub(super) fn open_fds(pid: u32) -> Result<usize, Error> {
    look(pid, process::Process::fd_count)
}

pub(super) fn memory(pid: u32) -> Result<Memory, Error> {
    look(pid, |process| {
        let rollup = process.smaps_rollup()?.memory_map_rollup;
        let sum = |key: &str| {
            let maps = rollup.iter();
            maps.filter_map(|map| map.extension.map.get(key)).sum::<u64>()
        };
        Ok(Memory {
            pss: sum("Pss"),
            uss: sum("Private_Clean") + sum("Private_Dirty"),
        })
    })
}

fn look<T>(
    pid: u32,
    at: impl Fn(&process::Process) -> Result<T, ProcError>,
) -> Result<T, Error> {
    process::Process::new(pid as i32)
        .and_then(|process| at(&process))
        .map_err(|source| Error::Look { pid, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_look_like_the_fields_after_it() {
        let stat = b"7 (a) R 1 (b)) S 3 5 5 0 -1";
        let (process, group) = parse(7, stat).expect("it is well formed");
        assert_eq!(process.name, "a) R 1 (b)");
        assert_eq!((process.state, process.parent, group), ('S', 3, 5));
        assert!(parse(7, b"7 (a) R 1").is_none());
    }
}
