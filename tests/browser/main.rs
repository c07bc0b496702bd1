//! The pages in a real browser: what a reader sees, hears, presses, and what
//! the page asks of others.
//!
//! Each test has a browser of its own, and tries many things in it: to start
//! one takes longer than to try them.
#![cfg(feature = "book")]

mod bet;
mod books;
mod browser;
mod ends;
mod figure;
#[path = "../figures/gzip.rs"]
mod gzip;
mod keys;
mod pages;
mod play;
mod process;
mod quiet;
mod reader;
mod scrub;
#[path = "../figures/traces.rs"]
mod traces;
