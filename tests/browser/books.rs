//! The books whose pages are tried.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use scraper::{Html, Selector};
use tempfile::TempDir;
use unblocked::record::figure;

use crate::process::Group;
use crate::traces;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A book, built into a folder and served from another.
pub struct Book {
    name: &'static str,
    /// Where it was built.
    pub html: PathBuf,
    /// Its address, with a slash at its end.
    pub url: String,
    runs: usize,
    _server: Group,
    _folder: TempDir,
}

impl Book {
    /// The book that readers read.
    pub fn real() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let recorded = fs::read_dir(Path::new(ROOT).join("book/recorded"));
        let runs = recorded.into_iter().flatten().filter(|entry| {
            let path = entry.as_ref().map(|entry| entry.path());
            path.is_ok_and(|path| path.extension().is_some_and(is_html))
        });
        Book::new("the book", Path::new(ROOT), runs.count(), folder)
    }

    /// A book of the same look, whose runs nobody recorded: each page has two
    /// of them.
    pub fn made_up() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().join("root");
        copy(&Path::new(ROOT).join("book/theme"), &root.join("book/theme"));
        fs::copy(Path::new(ROOT).join("book.toml"), root.join("book.toml"))
            .expect("the book's settings");
        fs::create_dir_all(root.join("listings")).expect("a folder");
        write(&root, "spoiled.html", SPOILED);
        write(&root, "heavy.js", &heavy());
        let mut summary = String::new();
        let mut count = 0;
        for (number, two) in traces::all().chunks(2).enumerate() {
            let name = ["one", "two", "three"][number];
            summary += &format!("- [Runs {name}]({name}.md)\n");
            let mut page = format!("# Runs {name}\n\nText before.\n\n");
            for trace in two {
                let file = format!("figures/{count}.html");
                count += 1;
                write(&root, &file, &figure::html(trace));
                page += &format!("{{{{#include {file}}}}}\n\nText after.\n\n");
            }
            write(&root, &format!("{name}.md"), &page);
        }
        write(&root, "SUMMARY.md", &summary);
        Book::new("made-up runs", &root, count, folder)
    }

    fn new(
        name: &'static str,
        root: &Path,
        runs: usize,
        folder: TempDir,
    ) -> Self {
        let html = folder.path().join("html");
        unblocked::book::build(root, &html, None).expect("a built book");
        let mut command = Command::new(env!("CARGO_BIN_EXE_unblocked"));
        command.args(["serve", "--port", "0"]).current_dir(root);
        let (server, url) = Group::start(&mut command, |line| {
            let url = line.strip_prefix("Serving the book at ")?;
            Some(url.to_owned())
        });
        Book { name, html, url, runs, _server: server, _folder: folder }
    }

    /// How many runs it shows, each in one place and on print.html.
    pub fn runs(&self) -> usize {
        self.runs
    }

    /// Its pages, each with the ids of its figures.
    pub fn pages(&self) -> Vec<Page> {
        let figures = Selector::parse("figure.timeline").expect("a selector");
        let title = Selector::parse("head title").expect("a selector");
        let mut files = Vec::new();
        walk(&self.html, Path::new(""), &mut files);
        // Not mdBook's, and not what it puts into a frame.
        files.retain(|file| !["spoiled.html", "toc.html"].contains(&&**file));
        files.sort();
        let pages = files.into_iter().filter_map(|file| {
            let text = fs::read_to_string(self.html.join(&file));
            let html = Html::parse_document(&text.expect("a page"));
            // mdBook copies what a page includes, which is no page.
            html.select(&title).next()?;
            let ids = html.select(&figures).filter_map(|it| it.attr("id"));
            let figures = ids.map(str::to_owned).collect();
            let url = format!("{}{file}", self.url);
            let name = format!("{}, {file}", self.name);
            Some(Page { name, file, url, figures })
        });
        pages.collect()
    }
}

/// A page of a book.
pub struct Page {
    /// The book and the page, for a failure's words.
    pub name: String,
    pub file: String,
    pub url: String,
    /// The ids of its figures.
    pub figures: Vec<String>,
}

/// The pages in a folder of a book, and in those below.
fn walk(root: &Path, folder: &Path, files: &mut Vec<String>) {
    for entry in fs::read_dir(root.join(folder)).expect("a built book") {
        let entry = entry.expect("an entry");
        let path = folder.join(entry.file_name());
        if entry.path().is_dir() {
            walk(root, &path, files);
        } else if path.extension().is_some_and(is_html) {
            files.push(path.to_string_lossy().into_owned());
        }
    }
}

fn is_html(extension: &OsStr) -> bool {
    extension == "html"
}

fn write(root: &Path, name: &str, text: &str) {
    let file = root.join("book").join(name);
    fs::create_dir_all(file.parent().expect("a folder"))
        .and_then(|()| fs::write(file, text))
        .expect("a file");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name");
        fs::copy(&path, to.join(name)).expect("a file");
    }
}

/// A script that does nothing, in 600 KB that can't be made much smaller.
fn heavy() -> String {
    let mut number: u64 = 1;
    let digits = (0..600_000).map(|_| {
        // A generator of Knuth's; any would do.
        number = number
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        char::from(b'0' + (number >> 58) as u8)
    });
    format!("/* {} */", digits.collect::<String>())
}

/// A page with everything that a page must not have.
const SPOILED: &str = "<!doctype html>
    <html><head><title>Spoiled</title></head><body>
    <div class=\"box\" style=\"overflow-x: auto; width: 200px\">
    <div style=\"width: 1000px\">Wide, in a box.</div></div>
    <div style=\"width: 2000px\">Wide.</div>
    <figure class=\"timeline\" id=\"spoiled\">
    <svg viewBox=\"0 0 720 90\" width=\"360\" font-size=\"13\">
    <text x=\"0\" y=\"20\">Small, and as wide as it is long.</text>
    <text x=\"60\" y=\"20\">On another.</text>
    <text x=\"700\" y=\"60\">Outside</text></svg>
    <small style=\"font-size: 10px\">Small.</small></figure>
    <img src=\"http://127.0.0.1:4/x.png\" alt=\"\">
    <script src=\"heavy.js\"></script><script src=\"missing.js\"></script>
    <script>console.error('spoiled'); undefined.it</script>
    </body></html>";
