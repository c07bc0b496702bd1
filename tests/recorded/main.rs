//! What was recorded follows from its traces, and a fresh run still has the
//! recorded run's shape.
#![cfg(feature = "book")]

mod command;
mod files;
mod runs;
