//! Figures, transcripts and facts follow from a trace, and are fit for a page.
//!
//! The traces here are made by hand, small, and of the shapes that recorded
//! runs have. Each check is also shown something that it must object to.
#![cfg(feature = "book")]

mod budgets;
mod built;
mod examine;
mod figure;
mod gzip;
mod style;
mod traces;
mod words;
