//! What comes and goes while a listing runs: processes and threads.

use std::collections::BTreeSet;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use super::trace::What;
use crate::lab::Server;

/// How often the kernel is asked: an event is noticed so late.
const OFTEN: Duration = Duration::from_millis(2);

/// A process or a thread, and when it was seen to come or go.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    pub at: Instant,
    pub what: What,
    pub pid: u32,
    pub thread: Option<u32>,
}

/// Looks at the server's processes, and the threads of its first one, until
/// it is told to stop.
pub struct Watch<'scope> {
    stop: mpsc::Sender<()>,
    thread: ScopedJoinHandle<'scope, Vec<Seen>>,
}

impl<'scope> Watch<'scope> {
    /// Starts looking. What is there already is no event.
    pub fn start<'env>(
        scope: &'scope Scope<'scope, 'env>,
        server: &'env Server,
    ) -> Self {
        let (stop, told) = mpsc::channel();
        let mut known = living(server);
        let thread = scope.spawn(move || {
            let mut seen = Vec::new();
            loop {
                let told = told.recv_timeout(OFTEN);
                let now = living(server);
                let at = Instant::now();
                let came = now.difference(&known).map(|it| (What::Spawned, it));
                let gone = known.difference(&now).map(|it| (What::Died, it));
                for (what, &(pid, thread)) in came.chain(gone) {
                    seen.push(Seen { at, what, pid, thread });
                }
                known = now;
                if told != Err(RecvTimeoutError::Timeout) {
                    return seen;
                }
            }
        });
        Watch { stop, thread }
    }

    /// Looks a last time, and gives all that was seen, in order.
    pub fn stop(self) -> Vec<Seen> {
        // If it is gone, joining says so.
        let _ = self.stop.send(());
        self.thread.join().expect("looking does not panic")
    }
}

/// Processes, and threads with their process.
type Living = BTreeSet<(u32, Option<u32>)>;

/// A server that is gone has nothing that lives.
fn living(server: &Server) -> Living {
    let processes = server.processes().unwrap_or_default();
    let threads = server.threads().unwrap_or_default();
    let first = server.pid();
    let others = processes.iter().filter(|it| it.pid != first);
    others
        .map(|process| (process.pid, None))
        .chain(threads.iter().map(|thread| (first, Some(thread.tid))))
        .filter(|(pid, thread)| *thread != Some(*pid))
        .collect()
}
