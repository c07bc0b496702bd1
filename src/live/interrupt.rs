use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{iter, process, thread};

use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use procfs::process::{Stat, all_processes};
use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};

/// Whether the reader, or somebody else, wants this program to end.
pub struct Interrupt {
    caught: Arc<Mutex<Option<Signal>>>,
}

impl Interrupt {
    /// From here on Ctrl-C and SIGTERM end what this program has started, and
    /// no longer this program: it notices, cleans up, and ends by itself.
    pub fn watch() -> io::Result<Self> {
        let runtime =
            runtime::Builder::new_current_thread().enable_io().build()?;
        let (mut interrupt, mut terminate) = {
            let _context = runtime.enter();
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
        };
        // Whom a dead process leaves behind becomes ours.
        set_child_subreaper(true)?;
        let caught = Arc::new(Mutex::new(None));
        let notice = Arc::clone(&caught);
        thread::Builder::new().name("signals".into()).spawn(move || {
            runtime.block_on(async {
                loop {
                    let signal = tokio::select! {
                        _ = interrupt.recv() => Signal::SIGINT,
                        _ = terminate.recv() => Signal::SIGTERM,
                    };
                    let caught = notice.lock();
                    let mut caught =
                        caught.unwrap_or_else(PoisonError::into_inner);
                    *caught = Some(signal);
                    // Whoever waits for one of them goes on: for cargo, for a
                    // listing to be ready, for an answer. Still locked, so
                    // that none of them is forgotten when this program ends.
                    kill_all_that_we_started();
                }
            })
        })?;
        Ok(Interrupt { caught })
    }

    /// The signal that came, if one did.
    pub fn caught(&self) -> Option<Signal> {
        *self.caught.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Kills the children of this process and theirs, again until all are dead:
/// one that is killed may just have started another.
fn kill_all_that_we_started() {
    while let Some(living @ [_, ..]) = descendants().as_deref() {
        for pid in living {
            let _ = kill(Pid::from_raw(*pid), Signal::SIGKILL);
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// The children of this process and theirs, but the dead; nothing if the
/// kernel does not tell.
fn descendants() -> Option<Vec<i32>> {
    let all = all_processes().ok()?;
    let stats = all.filter_map(|process| process.ok()?.stat().ok());
    let stats: HashMap<i32, Stat> =
        stats.map(|stat| (stat.pid, stat)).collect();
    let us = process::id() as i32;
    let is_ours = |stat: &Stat| {
        // A chain is shorter than the list, unless a number was used again
        // while it was read.
        let parent = |stat: &&Stat| stats.get(&stat.ppid);
        let parents = iter::successors(Some(stat), parent).take(stats.len());
        parents.into_iter().any(|stat| stat.ppid == us)
    };
    let ours = stats.values().filter(|stat| is_ours(stat));
    let living = ours.filter(|stat| !matches!(stat.state, 'Z' | 'X'));
    Some(living.map(|stat| stat.pid).collect())
}
