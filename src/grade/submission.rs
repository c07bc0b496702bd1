use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::{Bound, RangeBounds};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Failure, Running, remains};
use crate::lab::{Listing, Server, bare};

/// The program to judge, as one criterion sees it.
pub struct Submission {
    program: PathBuf,
    step: Mutex<String>,
    random: Mutex<u64>,
    /// Set when the watchdog gives up: nothing is started from then on.
    over: AtomicBool,
}

impl Submission {
    /// The same seed and criterion get the same random input again, whichever
    /// other criteria are run.
    pub(super) fn new(program: &Path, seed: u64, criterion: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        (seed, criterion).hash(&mut hasher);
        Submission {
            program: program.to_owned(),
            step: Mutex::new("preparing".into()),
            random: Mutex::new(hasher.finish()),
            over: AtomicBool::new(false),
        }
    }

    /// The program.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Starts it as a server, in a process group of its own, with these
    /// variables and `PORT=0`, and waits for its ready line.
    ///
    /// # Errors
    ///
    /// When it ends instead, or the watchdog has given up.
    pub fn start(&self, variables: &[(&str, &str)]) -> Result<Server, Failure> {
        self.go_on()?;
        let mut listing = Listing::program(&self.program);
        for (name, value) in variables {
            listing = listing.env(name, value);
        }
        let before = self.current_step();
        self.step(
            "waiting for the line `Server running at http://127.0.0.1:PORT/`",
        );
        let server = listing.start()?;
        self.step(before);
        Ok(server)
    }

    /// The command that starts it, for what is no server. It has nothing of
    /// the grader's environment but what it needs to find its files.
    pub fn command(&self) -> Command {
        bare(&self.program)
    }

    /// Starts a command, in a process group of its own and with its three
    /// standard streams in pipes, whatever the command says of them.
    ///
    /// # Errors
    ///
    /// When it can't be started, or the watchdog has given up.
    pub fn spawn(&self, command: Command) -> Result<Running, Failure> {
        self.go_on()?;
        Running::start(command)
    }

    /// Says what is being done from now on, for the student to read if it
    /// hangs: "waiting for the fast answer".
    pub fn step(&self, doing: impl Into<String>) {
        *lock(&self.step) = doing.into();
    }

    /// A number that the submission can't know beforehand.
    ///
    /// # Panics
    ///
    /// When the range is empty.
    pub fn random(&self, range: impl RangeBounds<u64>) -> u64 {
        let first = match range.start_bound() {
            Bound::Included(first) => *first,
            Bound::Excluded(before) => before + 1,
            Bound::Unbounded => 0,
        };
        let last = match range.end_bound() {
            Bound::Included(last) => *last,
            Bound::Excluded(after) => {
                after.checked_sub(1).expect("a range that is not empty")
            }
            Bound::Unbounded => u64::MAX,
        };
        assert!(first <= last, "a range that is not empty");
        let random = splitmix(&mut lock(&self.random));
        match (last - first).checked_add(1) {
            Some(width) => first + random % width,
            None => random,
        }
    }

    /// How long a process group has kept CPUs busy, as the kernel tells it:
    /// in user and system mode, by its living processes, with their threads
    /// and the children that they have reaped.
    ///
    /// What nobody has reaped yet, or an orphan that was reaped by another
    /// process, does not count. Nothing is left of a group that is gone.
    pub fn cpu_time(&self, group: u32) -> Duration {
        remains::cpu_time(group)
    }

    pub(super) fn current_step(&self) -> String {
        lock(&self.step).clone()
    }

    pub(super) fn give_up(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    fn go_on(&self) -> Result<(), Failure> {
        if self.over.load(Ordering::SeqCst) {
            return Err(Failure::new(
                "the watchdog has ended this criterion",
                "what did it wait for?",
            ));
        }
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sebastiano Vigna's generator; it needs no more state than this.
/// <https://prng.di.unimi.it/splitmix64.c>
fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_input_stays_in_its_range_and_follows_from_the_seed() {
        let numbers = |seed, criterion| {
            let submission = Submission::new(Path::new("p"), seed, criterion);
            (0..100).map(|_| submission.random(5..=9)).collect::<Vec<_>>()
        };
        let first = numbers(1, "a");
        assert!((5..=9).all(|wanted| first.contains(&wanted)), "{first:?}");
        assert!(first.iter().all(|number| (5..=9).contains(number)));
        assert_eq!(first, numbers(1, "a"));
        assert_ne!(first, numbers(2, "a"));
        assert_ne!(first, numbers(1, "b"));
    }
}
