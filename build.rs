//! Expands the chapters as mdBook does and hands them to skeptic, which makes
//! a test of every code block. `tests/book.rs` includes those tests.

fn main() {
    for input in
        ["build.rs", "book", "book.toml", "exercises", "listings", "README.md"]
    {
        println!("cargo::rerun-if-changed={input}");
    }
    #[cfg(feature = "book")]
    if let Err(problem) = chapters::into_tests() {
        println!("cargo::error=cannot make tests of the chapters: {problem}");
    }
}

#[cfg(feature = "book")]
mod chapters {
    use std::env;
    use std::error::Error;
    use std::path::{Path, PathBuf};

    use mdbook_driver::MDBook;
    use mdbook_driver::builtin_renderers::MarkdownRenderer;

    pub fn into_tests() -> Result<(), Box<dyn Error>> {
        let root = env::var("CARGO_MANIFEST_DIR")?;
        let expanded = Path::new(&env::var("OUT_DIR")?).join("book");

        let mut book = MDBook::load(&root)?;
        book.config.build.build_dir = expanded.clone();
        book.execute_build_process(&MarkdownRenderer::new())?;

        let mut pages = vec![PathBuf::from(&root).join("README.md")];
        for item in book.iter() {
            if let mdbook_driver::book::BookItem::Chapter(chapter) = item
                && let Some(path) = &chapter.path
            {
                pages.push(written(&expanded, path)?);
            }
        }
        skeptic::generate_doc_tests(&pages);
        Ok(())
    }

    /// Where the renderer put a page: in a folder of its own name if the book
    /// has other outputs too.
    fn written(expanded: &Path, page: &Path) -> Result<PathBuf, String> {
        let folders = [expanded.to_owned(), expanded.join("markdown")];
        let mut paths = folders.iter().map(|folder| folder.join(page));
        paths
            .find(|path| path.is_file())
            .ok_or_else(|| format!("mdBook did not write {}", page.display()))
    }
}
