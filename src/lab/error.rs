use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

/// What can go wrong in the lab.
///
/// Its `Debug` form is its message, so that an experiment may return it from
/// `main` and still end in words that a reader understands.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such listing or stage.
    #[error("no {wanted}; there are: {}", known.join(", "))]
    Unknown {
        /// What was asked for.
        wanted: String,
        /// What could have been asked for.
        known: Vec<String>,
    },
    /// The folder of the listings, or one of them, can't be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The folder or the file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The listing does not compile.
    #[error("cannot build {listing}: {reason}")]
    Build {
        /// The listing's name.
        listing: String,
        /// What cargo said.
        reason: String,
    },
    /// The program can't be started.
    #[error("cannot start `{command}`: {source}")]
    Spawn {
        /// The command line.
        command: String,
        /// The reason.
        source: io::Error,
    },
    /// The program ended before it was ready.
    #[error("`{command}` ended before it was ready: {status}\n{stderr}")]
    Exited {
        /// The command line.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// All that it wrote to its standard error.
        stderr: String,
    },
    /// Something that was waited for did not happen within
    /// [`HANG`](super::HANG).
    #[error("waited for {what} in vain\n{scene}")]
    Hang {
        /// What was waited for.
        what: String,
        /// The command, everything it printed, and its processes.
        scene: String,
    },
    /// A request got no answer, or none that is HTTP.
    #[error("no answer to {request}: {reason}\n{scene}")]
    NoAnswer {
        /// Method and path.
        request: String,
        /// What happened instead.
        reason: String,
        /// The command, everything it printed, and its processes.
        scene: String,
    },
    /// The kernel tells nothing about a process: it may be gone.
    #[error("cannot look at process {pid}: {source}")]
    Look {
        /// The process.
        pid: u32,
        /// The reason.
        source: procfs::ProcError,
    },
    /// A signal can't be sent.
    #[error("cannot send {signal} to {pid}: {source}")]
    Signal {
        /// The signal.
        signal: nix::sys::signal::Signal,
        /// The process, or the group if negative.
        pid: i32,
        /// The reason.
        source: nix::Error,
    },
    /// Something is left of a server that was stopped.
    #[error("still there after SIGKILL:\n{scene}")]
    Survivors {
        /// The command, everything it printed, and its processes.
        scene: String,
    },
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
