//! Turn runs into what a page shows: a trace, and from it a figure, a
//! transcript and facts.
//!
//! A scenario is a few lines of data. Performing it through the lab gives a
//! [`Trace`], which is kept; all else follows from the trace, byte for byte,
//! so that a test can tell whether anybody touched it.
//!
//! # Layout
//!
//! - [`scenario`]: what is recorded, as data.
//! - [`perform`](fn@perform): a scenario becomes a trace.
//!   `clients` and `chromium` ask, `watch` looks at processes and threads.
//! - [`machine`]: where it was recorded, and whether in peace.
//! - [`command`]: all of it for the pages of the book, and checking it.
//! - [`shape`]: what two runs of one scenario have in common.
//! - [`trace`]: what is kept of a run, and reading it back.
//! - [`figure`]: a run as a picture and a table.
//! - [`transcript`]: a run as a reader's two terminals show it.
//! - [`facts`]: the numbers of a run, for prose.

mod chromium;
mod clients;
pub mod command;
pub mod facts;
pub mod figure;
pub mod machine;
mod perform;
mod row;
pub mod scenario;
pub mod shape;
pub mod trace;
pub mod transcript;
mod watch;

pub use chromium::is_there as has_chromium;
pub use perform::{Work, perform};
pub use trace::Trace;
