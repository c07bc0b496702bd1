//! Everything around the listings of *Unblocked*: the lab that starts, drives
//! and watches them, and the tools that build, check and serve the book.
//!
//! # Layout
//!
//! - [`lab`]: start a listing, send it requests, watch its processes and
//!   threads, and leave nothing running.
//! - [`grade`]: judge a student's program by criteria, and say what it got
//!   wrong.
#![cfg_attr(
    feature = "book",
    doc = "\
- [`record`]: turn runs into what a page shows.
- [`live`]: draw a run in the terminal while it happens.
- [`book`]: build the book, check its pages, serve them."
)]
//!
//! Dependencies point one way: `book`, `record`, `live` and `grade` use `lab`, `live`
//! uses `record`, `lab` uses nothing of ours, and the listings use nothing of
//! this package at all.

#[cfg(feature = "book")]
pub mod book;
pub mod grade;
pub mod lab;
#[cfg(feature = "book")]
pub mod live;
#[cfg(feature = "book")]
pub mod record;
