use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::{process, thread};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use procfs::process::all_processes;
use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};

/// Whether the reader, or somebody else, wants this program to end.
pub struct Interrupt {
    caught: Arc<AtomicI32>,
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
        let caught = Arc::new(AtomicI32::new(0));
        let notice = Arc::clone(&caught);
        thread::Builder::new().name("signals".into()).spawn(move || {
            runtime.block_on(async {
                loop {
                    let signal = tokio::select! {
                        _ = interrupt.recv() => Signal::SIGINT,
                        _ = terminate.recv() => Signal::SIGTERM,
                    };
                    notice.store(signal as i32, Ordering::SeqCst);
                    // Whoever waits for one of them goes on: for cargo, for a
                    // listing to be ready, for an answer.
                    kill_all_that_we_started();
                }
            })
        })?;
        Ok(Interrupt { caught })
    }

    /// The signal that came, if one did.
    pub fn caught(&self) -> Option<Signal> {
        Signal::try_from(self.caught.load(Ordering::SeqCst)).ok()
    }
}

/// Kills the children of this process, and theirs. Those that end before
/// their own children leave them to us, since the lab makes us a subreaper.
fn kill_all_that_we_started() {
    let Ok(all) = all_processes() else { return };
    let stats = all.filter_map(|process| process.ok()?.stat().ok());
    let parents: HashMap<i32, i32> =
        stats.map(|stat| (stat.pid, stat.ppid)).collect();
    let us = process::id() as i32;
    let ours = |mut pid: i32| {
        // A chain is shorter than the list, unless a number was used again
        // while it was read.
        for _ in 0..parents.len() {
            match parents.get(&pid) {
                Some(parent) if *parent == us => return true,
                Some(parent) => pid = *parent,
                None => return false,
            }
        }
        false
    };
    for pid in parents.keys().copied().filter(|pid| ours(*pid)) {
        let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
    }
}
