//! Build the book, check its pages, serve them.
//!
//! # Layout
//!
//! - `build`: what mdBook makes of the chapters.
//! - [`check`]: what mdBook does not check, and the repository promises.
//! - [`serve`]: the book on the loopback interface, and again after each save.

mod build;
pub mod check;
pub mod serve;

pub use build::build;
