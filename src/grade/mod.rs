//! Judge a student's program by criteria, and say what it got wrong.
//!
//! An [`Exercise`] has criteria, each a sentence that is worth points. A
//! criterion is a function from a [`Submission`] to nothing or a [`Failure`]:
//! it starts the program, as a [`Server`](crate::lab::Server) or as any
//! [`Running`] process, and looks at what it does.
//!
//! ```no_run
//! use std::process::ExitCode;
//! use unblocked::grade::{Exercise, Failure, Submission};
//!
//! fn main() -> ExitCode {
//!     Exercise::new("greet", "target/debug/ex-greet")
//!         .page("book/blocked.md")
//!         .criterion(2, "echo", "it answers with what it was sent", echo)
//!         .grade()
//! }
//!
//! fn echo(submission: &Submission) -> Result<(), Failure> {
//!     let server = submission.start(&[])?;
//!     let word = submission.random(..1_000_000);
//!     submission.step("waiting for the answer");
//!     let answer = server.enqueue(&format!("/{word}"))?.answer()?;
//!     if answer.body != format!("{word}\n") {
//!         return Err(Failure::new(
//!             format!("/{word} was answered with {:?}", answer.body),
//!             "is the answer made from the request?",
//!         ));
//!     }
//!     Ok(())
//! }
//! ```
//!
//! A submission is not believed. What it prints is kept for the student and
//! judged by nobody, unless the criterion reads it; its exit code is what the
//! criterion makes of it; it is asked with random input; and how much it has
//! worked is what the kernel says ([`Submission::cpu_time`]).
//!
//! Nothing of it survives its criterion. Whatever it started is killed, in
//! whichever group or session it hides, after each criterion, when a
//! criterion hangs ([`PATIENCE`]) or panics, and on Ctrl-C.
//!
//! # Layout
//!
//! - `exercise`: an exercise, its criteria, and a whole grade.
//! - `criterion`: one criterion, and what became of it: the watchdog.
//! - `submission`: the program to judge, and what a criterion does with it.
//! - `running`: a submission that is no server.
//! - `failure`: what a student reads.
//! - `remains`: the processes that a submission leaves, and their end.
//! - `report`: the grade as JSON.

mod criterion;
mod exercise;
mod failure;
mod remains;
mod report;
mod running;
mod submission;

pub use criterion::PATIENCE;
pub use exercise::Exercise;
pub use failure::Failure;
pub use report::{Outcome, Report, SCHEMA, Verdict};
pub use running::{Ended, Running};
pub use submission::Submission;
