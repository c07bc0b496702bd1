//! What mdBook makes of it all: a small book, built for the tests.

use std::path::{Path, PathBuf};
use std::{fs, sync::LazyLock};

use scraper::Html;
use tempfile::TempDir;
use unblocked::record::{facts, figure, transcript};

use crate::examine::{attributes, select};
use crate::traces;

/// A built book with two chapters and two figures on the first.
pub struct Built {
    _folder: TempDir,
    pub html: PathBuf,
}

pub static BOOK: LazyLock<Built> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    write(root, "book.toml", "[book]\nsrc = \"src\"\n[output.html]\n");
    write(root, "src/SUMMARY.md", "- [One](one.md)\n- [Two](two.md)\n");
    for trace in traces::all() {
        let file = |end| format!("src/{}.{end}", trace.scenario);
        write(root, &file("html"), &figure::html(&trace));
        write(root, &file("txt"), &transcript::text(&trace));
        write(root, &file("md"), &facts::markdown(&trace));
    }
    write(
        root,
        "src/one.md",
        "# One\n\n\
         {{#include blocked-two-clients.html}}\n\n\
         It waits {{#include blocked-two-clients.md:fast_wait}}, because of \
         {{#include blocked-two-clients.md:first_answer_client}}.\n\n\
         ```sh\n\
         {{#include blocked-two-clients.txt:terminal_2_commands}}\n\
         ```\n\n\
         {{#include fork-ten-clients.html}}\n\n\
         **After it.**\n",
    );
    write(
        root,
        "src/two.md",
        "# Two\n\n{{#include cluster-worker-killed.html}}\n",
    );
    let html = root.join("out");
    unblocked::book::build(root, &html, None).expect("a built book");
    Built { html, _folder: folder }
});

fn write(root: &Path, name: &str, text: &str) {
    let file = root.join(name);
    fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
    fs::write(file, text).expect("a file");
}

fn page(name: &str) -> Html {
    let file = BOOK.html.join(name);
    Html::parse_document(&fs::read_to_string(file).expect("a page"))
}

#[test]
fn mdbook_keeps_a_figure_whole() {
    let html = page("one.html");
    assert_eq!(select(&html, "main figure.timeline").len(), 2);
    assert_eq!(select(&html, "figure > figcaption:last-child").len(), 2);
    assert_eq!(select(&html, "figure svg .lane").len(), 12);
    assert_eq!(select(&html, "figure details table").len(), 3);
    // Markdown goes on after it.
    assert_eq!(select(&html, "main > p > strong").len(), 1);
    // An HTML parser restores what mdBook writes in small letters.
    assert_eq!(select(&html, "svg[viewBox] clipPath rect").len(), 2);
}

#[test]
fn facts_and_transcripts_go_into_prose_and_blocks() {
    let html = page("one.html");
    let text: Vec<String> = select(&html, "main > p, main pre code")
        .iter()
        .map(|it| it.text().collect())
        .collect();
    assert_eq!(text[0], "It waits 4.0 seconds, because of A.");
    assert!(text[1].starts_with("w='  (%{time_total} s"), "{}", text[1]);
    assert!(!text[1].contains("ANCHOR"));
}

#[test]
fn figures_meet_on_the_print_page_and_keep_their_ids() {
    let html = page("print.html");
    let figures = attributes(&html, "figure.timeline", "id");
    assert_eq!(
        figures,
        [
            "timeline-blocked-two-clients",
            "timeline-fork-ten-clients",
            "timeline-cluster-worker-killed"
        ]
    );
    let mut ids = attributes(&html, "figure.timeline [id]", "id");
    ids.sort_unstable();
    assert_eq!(ids.len(), 9);
    assert!(ids.windows(2).all(|two| two[0] != two[1]));
    for figure in figures {
        let clip = format!("url(#{figure}-clip)");
        let used =
            attributes(&html, &format!("#{figure} .lane g"), "clip-path");
        assert!(!used.is_empty() && used.iter().all(|it| *it == clip));
    }
}
