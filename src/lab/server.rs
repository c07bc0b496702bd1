use std::io;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use nix::sys::prctl::set_child_subreaper;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::client::Opening;
use super::run::{Run, State};
use super::{Connection, Error, Line, Listing, Pending, Process};
use super::{Signal, Stream, process};

/// A listing that runs, in a process group of its own.
///
/// Dropping it kills the whole group and reaps it.
///
/// # Panics
///
/// In `drop`, if something survives that.
pub struct Server {
    pub(super) run: Arc<Run>,
    listing: Listing,
    address: SocketAddr,
    child: Mutex<Child>,
    guard: Mutex<Child>,
}

impl Server {
    pub(super) fn start(listing: &Listing) -> Result<Self, Error> {
        let mut command = listing.command()?;
        let line = words(&command, listing);
        // What the listing leaves behind when it is killed becomes ours, and
        // we reap it; other parents may be slow to.
        let _ = set_child_subreaper(true);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|source| Error::Spawn { command: line.clone(), source })?;
        let guard = match guard(child.id()) {
            Ok(guard) => Mutex::new(guard),
            Err(source) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(Error::Spawn { command: "sh".into(), source });
            }
        };
        let run = Run::new(child.id(), line);
        if let Some(stdout) = child.stdout.take() {
            run.capture(Stream::Stdout, stdout);
        }
        if let Some(stderr) = child.stderr.take() {
            run.capture(Stream::Stderr, stderr);
        }
        let mut server = Server {
            run,
            listing: listing.clone(),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            child: Mutex::new(child),
            guard,
        };
        // From here on, an error drops the server and thereby ends it.
        server.address = server.wait_until_ready()?;
        Ok(server)
    }

    fn wait_until_ready(&self) -> Result<SocketAddr, Error> {
        let ready = |state: &State| {
            let mut said = state.lines.iter().filter_map(announced);
            said.nth(self.listing.ready_lines() - 1)
        };
        let what = "the line that says it is ready";
        let end = self.run.wait(what, |state| match ready(state) {
            Some(address) => Some(Ok(address)),
            None => self.ended().map(Err),
        })?;
        end.or_else(|status| {
            // It may have said its last words a moment ago.
            let what = "the end of what it prints";
            let ready = self.run.wait(what, |state| {
                (state.open_streams == 0).then(|| ready(state))
            })?;
            ready.ok_or_else(|| Error::Exited {
                command: self.run.command.clone(),
                status,
                stderr: self.stderr().join("\n"),
            })
        })
    }

    /// The process that was started; the cluster's is its primary.
    pub fn pid(&self) -> u32 {
        self.run.pid
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Opens a connection and keeps it open.
    ///
    /// # Errors
    ///
    /// When nobody listens.
    pub fn connect(&self) -> Result<Connection, Error> {
        self.open(Opening::Now)
    }

    fn open(&self, how: Opening) -> Result<Connection, Error> {
        Connection::open(&self.run, &self.listing, self.address, how)
    }

    /// Sends a GET request on a fresh connection, which opens with it; see
    /// [`Connection::send`].
    ///
    /// # Errors
    ///
    /// As [`Connection::send`].
    pub fn send(&self, path: &str) -> Result<Pending, Error> {
        self.send_method("GET", path)
    }

    /// The same with another method, such as `HEAD`.
    ///
    /// # Errors
    ///
    /// As [`Connection::send`].
    pub fn send_method(
        &self,
        method: &str,
        path: &str,
    ) -> Result<Pending, Error> {
        self.open(Opening::WithTheRequest)?.send_method(method, path)
    }

    /// Sends a GET request on a fresh connection and returns when it is
    /// written.
    ///
    /// # Errors
    ///
    /// When nobody listens.
    pub fn enqueue(&self, path: &str) -> Result<Pending, Error> {
        self.open(Opening::WithTheRequest)?.enqueue(path)
    }

    /// Sends a signal to the process that was started, and to no other.
    ///
    /// # Errors
    ///
    /// When it is gone.
    pub fn signal(&self, signal: Signal) -> Result<(), Error> {
        process::send(signal, self.pid() as i32)
    }

    /// Sends a signal to every process of its group, as a terminal's Ctrl-C
    /// does.
    ///
    /// # Errors
    ///
    /// When all of them are gone.
    pub fn signal_group(&self, signal: Signal) -> Result<(), Error> {
        process::send(signal, -(self.pid() as i32))
    }

    /// Ends it as dropping does, and returns what went wrong.
    ///
    /// # Errors
    ///
    /// When something survives.
    pub fn stop(self) -> Result<(), Error> {
        self.end()
    }

    /// How it ended, if it did. That also reaps it.
    pub(super) fn ended(&self) -> Option<ExitStatus> {
        self.child().try_wait().ok().flatten()
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Kills the group, reaps it, and looks whether anything is left.
    fn end(&self) -> Result<(), Error> {
        let mut guard =
            self.guard.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = guard.kill();
        let _ = guard.wait();
        let what = "the end of its processes";
        let gone = self.run.poll(what, || {
            let group = process::group(self.pid())?;
            if !group.iter().all(Process::is_zombie) {
                // It fails only if the last one ended just now.
                let _ = self.signal_group(Signal::SIGKILL);
            }
            let _ = self.child().try_wait();
            // Those whose parent was killed before them have become ours.
            let orphans = Pid::from_raw(-(self.pid() as i32));
            if self.ended().is_some() {
                let flag = Some(WaitPidFlag::WNOHANG);
                while waitpid(orphans, flag)
                    .is_ok_and(|status| status != WaitStatus::StillAlive)
                {
                }
            }
            Ok(group.is_empty().then_some(()))
        });
        gone.map_err(|_| Error::Survivors { scene: self.run.scene() })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        match self.end() {
            Ok(()) => {}
            Err(error) if thread::panicking() => eprintln!("{error}"),
            Err(error) => panic!("{error}"),
        }
    }
}

/// Starts a process that kills the group when this process ends, however that
/// happens: by then nobody is left to drop anything. Its own group saves it
/// from a Ctrl-C that ends us.
pub(crate) fn guard(group: u32) -> io::Result<Child> {
    Command::new("sh")
        .args(["-c", "read _; kill -s KILL -- -$0"])
        .arg(group.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
}

/// The address in the line that says that a listing is ready.
fn announced(line: &Line) -> Option<SocketAddr> {
    let url = line.text.strip_prefix("Server running at http://")?;
    url.split_once('/')?.0.parse().ok()
}

/// The command as a reader would type it.
fn words(command: &Command, listing: &Listing) -> String {
    let variables = listing.variables.iter();
    let mut words: Vec<String> = variables
        .map(|(name, value)| format!("{name}={}", value.to_string_lossy()))
        .collect();
    words.sort();
    words.push(command.get_program().to_string_lossy().into_owned());
    let arguments = command.get_args();
    words.extend(arguments.map(|word| word.to_string_lossy().into_owned()));
    words.join(" ")
}
