//! A run in the terminal, drawn while it happens: `unblocked lab`.
//!
//! It starts a listing, sends it requests, shows how each of them waits and
//! is worked on, says who did the work, and leaves nothing running.
//!
//! # Layout
//!
//! - `arguments`: what a reader can ask for, and what is wrong with it.
//! - `run`: the run, round after round.
//! - `round`: what is known of the requests by now, on one clock.
//! - `view`: what all ways to show it have in common.
//! - `lanes`: on a terminal, one lane for each request; `picture` draws them.
//! - `plain`: on a pipe, one line for each event.
//! - `json`: one object for each request.
//! - `words`: who worked, who was first, who waited.
//! - `interrupt`: Ctrl-C.

mod arguments;
mod interrupt;
mod json;
mod lanes;
mod picture;
mod plain;
mod round;
mod run;
mod view;
mod words;

pub use arguments::Arguments;
pub use run::run;
