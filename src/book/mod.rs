//! Build the book, check its pages, serve them.
//!
//! # Layout
//!
//! - [`build`](fn@build): what mdBook makes of the chapters.
//! - [`check`]: what mdBook does not check, and the repository promises.
//! - [`serve`](fn@serve): the book on the loopback interface, and again after
//!   each save.

mod build;
pub mod check;
mod error;
mod serve;

pub use build::build;
pub use error::Error;
pub use serve::serve;
