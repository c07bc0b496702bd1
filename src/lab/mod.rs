//! Start a listing, send it requests, watch it, and leave nothing running.
//!
//! A [`Listing`] says what to start: its name, its stage, its environment. It
//! starts a [`Server`], which runs in a process group of its own on a free
//! port. A server, or a [`Connection`] that you keep open, sends requests;
//! each is [`Pending`] until it ends in an [`Answer`].
//!
//! ```no_run
//! use unblocked::lab::{Error, Listing};
//!
//! fn main() -> Result<(), Error> {
//!     let server = Listing::new("fork").block_ms(600).start()?;
//!     let slow = server.send("/block-server")?; // It is at work now.
//!     let fast = server.send("/fast-one")?;
//!     let (fast, slow) = (fast.answer()?, slow.answer()?);
//!     assert!(fast.answered_at < slow.answered_at);
//!     assert_ne!(slow.pid, server.pid());
//!     Ok(())
//! }
//! ```
//!
//! All of it blocks, so that an experiment reads from top to bottom. Order is
//! what experiments are about: which answer came first, which process gave
//! it, how many were late. The only time in here is [`HANG`], after which a
//! wait gives up and shows all that it has seen.
//!
//! Dropping a [`Server`] kills its whole group, reaps it, and panics if
//! anything survives.
//!
//! # Layout
//!
//! - `listing`: what can be started, and building it.
//! - `server`: a running listing, and its end.
//! - `watch`: what can be seen of it from outside.
//! - `client`: connections, and sending requests on them.
//! - `pending`: a request on its way.
//! - `socket`: a connection that opens together with its first request.
//! - `answer`: what comes back.
//! - `run`: what a run has printed and answered so far, and waiting for more.
//! - `process`: processes, threads and memory, as the kernel sees them.
//! - `error`: what can go wrong.

mod answer;
mod client;
mod error;
mod listing;
mod pending;
mod process;
mod run;
mod server;
mod socket;
mod watch;

pub use answer::{Answer, Progress};
pub use client::Connection;
pub use error::Error;
pub use listing::Listing;
pub(crate) use listing::bare;
pub use nix::sys::signal::Signal;
pub use pending::{Pending, Times};
pub use process::{Memory, Process, Thread};
pub(crate) use process::{descendants, group, send};
pub use run::{HANG, Line, Stream};
pub use server::Server;
pub(crate) use server::guard;
