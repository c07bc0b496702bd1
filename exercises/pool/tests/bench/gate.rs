//! Where a job waits until the grader lets it through.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use unblocked::grade::Failure;

/// A listening socket in the abstract namespace: it leaves no file behind.
/// One job knows its key and connects, and gets one byte when it may go on.
pub struct Gate {
    key: String,
    listener: UnixListener,
    guest: Option<(UnixStream, u32)>,
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
        Ok(Gate { key, listener, guest: None })
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
        if self.guest.is_some() {
            return Ok(true);
        }
        let stream = match self.listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                return Ok(false);
            }
            Err(error) => return Err(broken(error)),
        };
        // The job writes the line as the next thing that it does.
        let patience = Some(Duration::from_secs(5));
        stream.set_read_timeout(patience).map_err(broken)?;
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line).map_err(broken)?;
        let thread = line.trim_end().parse().map_err(|_| {
            Failure::new(
                format!("a job said {line:?} at its gate, and no thread"),
                "did you change `hold`?",
            )
        })?;
        self.guest = Some((stream, thread));
        Ok(true)
    }

    /// The thread of the job that has knocked.
    pub fn thread(&self) -> Option<u32> {
        self.guest.as_ref().map(|(_, thread)| *thread)
    }

    /// Lets the job through.
    pub fn open(&mut self) -> Result<(), Failure> {
        match &mut self.guest {
            Some((stream, _)) => stream.write_all(b"!").map_err(broken),
            None => Ok(()),
        }
    }
}

fn broken(error: std::io::Error) -> Failure {
    Failure::new(
        format!("a gate of the grader does not work: {error}"),
        "does `hold` connect, write its line, and wait for a byte?",
    )
}
