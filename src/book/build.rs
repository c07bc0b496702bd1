use std::path::Path;

use anyhow::{Context, Result};
use mdbook_driver::MDBook;

/// Builds the book in `root` as `mdbook build` does, into `into`.
///
/// With `reload`, each page listens for news at that path of its own server.
///
/// # Errors
///
/// When there is no book, a chapter is missing, or a file can't be written.
/// A broken include is none: mdBook only logs some of them, so run
/// [`check::includes`](super::check::includes) first.
pub fn build(root: &Path, into: &Path, reload: Option<&str>) -> Result<()> {
    let mut book = MDBook::load(root).with_context(|| {
        format!("cannot load the book in {}", root.display())
    })?;
    book.config.build.build_dir = into.to_owned();
    if let Some(path) = reload {
        book.config.set("output.html.live-reload-endpoint", path)?;
        // A page that is served from the root of its host.
        book.config.set("output.html.site-url", "/")?;
    }
    book.build().context("cannot build the book")
}
