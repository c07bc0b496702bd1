//! Where a job waits until the grader lets it through.

use std::io::{self, ErrorKind, Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use unblocked::grade::Failure;

/// A listening socket in the abstract namespace: it leaves no file behind.
/// One job knows its key and connects, and gets one byte when it may go on.
pub struct Gate {
    key: String,
    listener: UnixListener,
    guest: Option<UnixStream>,
    thread: Option<u32>,
}

impl Gate {
    pub fn new() -> Result<Self, Failure> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let key = format!("gate-{}-{next}", process::id());
        let listener = SocketAddr::from_abstract_name(&key)
            .and_then(|address| UnixListener::bind_addr(&address));
        let listener = listener.map_err(broken)?;
        listener.set_nonblocking(true).map_err(broken)?;
        Ok(Gate { key, listener, guest: None, thread: None })
    }

    pub fn key(&self) -> &str {
        &self.key
    }

    /// What to ask the server for.
    pub fn path(&self) -> String {
        format!("/hold?key={}", self.key)
    }

    /// Whether the job is at work: it has knocked, and stands here.
    pub fn knocked(&mut self) -> Result<bool, Failure> {
        if self.thread.is_some() {
            return Ok(true);
        }
        if self.guest.is_none() {
            let Some((guest, _)) = ready(self.listener.accept())? else {
                return Ok(false);
            };
            guest.set_nonblocking(true).map_err(broken)?;
            self.guest = Some(guest);
        }
        let Some(guest) = &mut self.guest else { return Ok(false) };
        // The job writes a short line at once, so it comes in one piece.
        let mut line = [0; 32];
        let Some(n) = ready(guest.read(&mut line))? else { return Ok(false) };
        let line = String::from_utf8_lossy(&line[..n]);
        self.thread = Some(line.trim_end().parse().map_err(|_| {
            Failure::new(
                format!("a job said {line:?} at its gate, and no thread"),
                "did you change `hold`?",
            )
        })?);
        Ok(true)
    }

    /// The thread of the job, once it has knocked.
    pub fn thread(&self) -> Option<u32> {
        self.thread
    }

    /// Lets the job through.
    pub fn open(&mut self) -> Result<(), Failure> {
        match &mut self.guest {
            Some(guest) => guest.write_all(b"!").map_err(broken),
            None => Ok(()),
        }
    }
}

/// What came without waiting, if anything did.
fn ready<T>(outcome: io::Result<T>) -> Result<Option<T>, Failure> {
    match outcome {
        Ok(outcome) => Ok(Some(outcome)),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(broken(error)),
    }
}

fn broken(error: io::Error) -> Failure {
    Failure::new(
        format!("a gate of the grader does not work: {error}"),
        "does `hold` connect, write its line, and wait for a byte?",
    )
}
