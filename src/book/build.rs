use std::panic::{self, AssertUnwindSafe};
use std::path::Path;

use mdbook_driver::MDBook;

use super::Error;

/// Builds the book in `root` as `mdbook build` does, into `into`.
///
/// With `reload`, each page listens for news at that path of its own server.
///
/// # Errors
///
/// When there is no book, a chapter is missing, or a file can't be written.
/// A broken include is none: mdBook only logs some of them, so run
/// [`check::includes`](super::check::includes) first.
pub fn build(
    root: &Path,
    into: &Path,
    reload: Option<&str>,
) -> Result<(), Error> {
    // A panic in mdBook is the fault of one chapter; whoever serves the book
    // must outlive it.
    let built = panic::catch_unwind(AssertUnwindSafe(|| {
        let mut book = MDBook::load(root)?;
        book.config.build.build_dir = into.to_owned();
        if let Some(path) = reload {
            book.config.set("output.html.live-reload-endpoint", path)?;
            // A page that is served from the root of its host.
            book.config.set("output.html.site-url", "/")?;
        }
        book.build()
    }));
    let reason = match built {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(error)) => format!("{error:#}"),
        Err(_) => "mdBook panicked, see above".into(),
    };
    Err(Error::Build { root: root.to_owned(), reason })
}
