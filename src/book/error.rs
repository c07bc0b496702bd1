use std::fmt;
use std::io;
use std::path::PathBuf;

use notify::Error as WatchError;

use super::check::Problem;

/// What can go wrong with the book.
///
/// Its message is whole: it names the reason too, so nobody needs to ask for
/// the source of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Rules of [`check`](super::check) are broken.
    #[error("{}", Lines(problems))]
    Broken {
        /// What is wrong; at least one.
        problems: Vec<Problem>,
    },
    /// mdBook can't build the book.
    #[error("cannot build the book in {}: {reason}", root.display())]
    Build {
        /// Where book.toml is, or should be.
        root: PathBuf,
        /// What mdBook said.
        reason: String,
    },
    /// A port can't be bound.
    #[error(
        "cannot serve on 127.0.0.1:{port}: {reason}; choose another with \
         --port, or --port 0"
    )]
    Port {
        /// The port.
        port: u16,
        /// What the kernel said.
        reason: io::Error,
    },
    /// A file or a folder can't be written.
    #[error("cannot write {}: {reason}", path.display())]
    Write {
        /// Which one.
        path: PathBuf,
        /// What the kernel said.
        reason: io::Error,
    },
    /// Nobody would notice that a chapter is saved.
    #[error("cannot watch the book: {0}")]
    Watch(WatchError),
    /// The server itself failed.
    #[error("cannot serve the book: {0}")]
    Serve(io::Error),
}

struct Lines<'a>(&'a [Problem]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.0.iter().enumerate() {
            let end = if number == 0 { "" } else { "\n" };
            write!(f, "{end}{problem}")?;
        }
        Ok(())
    }
}
