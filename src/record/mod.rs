//! Turn runs into what a page shows: a trace, and from it a figure, a
//! transcript and facts.
//!
//! A scenario is a few lines of data. Performing it through the lab gives a
//! [`Trace`], which is kept; all else follows from the trace, byte for byte,
//! so that a test can tell whether anybody touched it.
//!
//! # Layout
//!
//! - [`trace`]: what is kept of a run, and reading it back.
//! - [`figure`]: a run as a picture and a table.
//! - [`transcript`]: a run as a reader's two terminals show it.
//! - [`facts`]: the numbers of a run, for prose.

pub mod facts;
pub mod figure;
pub mod trace;
pub mod transcript;

pub use trace::Trace;
