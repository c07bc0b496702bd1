use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;
use unblocked::book::check::{Problem, Repository};

/// The smallest repository that keeps all the rules.
const FILES: [(&str, &str); 15] = [
    (
        "book.toml",
        "[book]\nsrc = \"book\"\n[build]\nbuild-dir = \"target/book\"\n\
         create-missing = false\n[output.html.playground]\nrunnable = false\n",
    ),
    (
        "Cargo.toml",
        "[workspace]\nmembers = [\".\", \"listings/*\", \
         \"exercises/*\"]\n[workspace.lints.clippy]\nundocumented_unsafe_blocks = \"deny\"\n\
         [package]\nname = \"whole\"\n[lints]\nworkspace = true\n",
    ),
    ("README.md", "# A repository\n\n```sh\ncargo run\n```\n"),
    ("book/SUMMARY.md", "# Summary\n\n[Start](start.md)\n- [One](one.md)\n"),
    (
        "book/start.md",
        "# Start\n\nGo [on](one.md#two).\n\n\
         One computes for five seconds.\n\n\
         {{#include recorded/run.html}}\n\n\
         One waits {{#include recorded/run.md:wait}}, \
         not {{#include recorded/run.md:total}}.\n\n\
         ```text\n{{#include recorded/run.txt:answer}}\n```\n",
    ),
    ("book/recorded/run.json", "{}\n"),
    ("book/recorded/run.html", "<figure id=\"run\">5.0 s</figure>\n"),
    (
        "book/recorded/run.txt",
        "# ANCHOR: answer\nDone.\n# ANCHOR_END: answer\n\
         # ANCHOR: time\n5.0 s\n# ANCHOR_END: time\n",
    ),
    (
        "book/recorded/run.md",
        "<!-- ANCHOR: wait -->\n4.0 seconds\n<!-- ANCHOR_END: wait -->\n\
         <!-- ANCHOR: total -->\n5.0 seconds\n<!-- ANCHOR_END: total -->\n\
         <!-- ANCHOR: pid -->\n17\n<!-- ANCHOR_END: pid -->\n",
    ),
    (
        "src/book/check/numbers.toml",
        "[[allowed]]\npage = \"book/start.md\"\n\
         text = \"computes for five seconds\"\nwhy = \"a default\"\n",
    ),
    (
        "book/one.md",
        "# One\n\n## Two\n\n```rust,no_run\n\
         {{#rustdoc_include ../listings/one/src/main.rs:main}}\n```\n\n\
         <figure id=\"box\">\n<svg role=\"img\" aria-label=\"a box\"><rect/></svg>\n\
         </figure>\n\n<img src=\"box.svg\" alt=\"a box\">\n",
    ),
    ("book/box.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>\n"),
    (
        "listings/README.md",
        "| Folder | Run |\n|---|---|\n\
         | [one](one/src/main.rs) | `cargo run -p one` |\n",
    ),
    (
        "listings/one/Cargo.toml",
        "[package]\nname = \"one\"\n[lints.clippy]\n\
         undocumented_unsafe_blocks = \"deny\"\n",
    ),
    (
        "listings/one/src/main.rs",
        "//! One.\n//!\n//!     cargo run -p one\n\
         //!     curl http://127.0.0.1:3001/\n\n\
         // ANCHOR: main\nfn main() {}\n// ANCHOR_END: main\n",
    ),
];

/// A repository in a temporary folder, to be broken.
pub struct Fixture {
    folder: TempDir,
}

impl Fixture {
    /// One that is whole, and all of it tracked.
    pub fn whole() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let fixture = Fixture { folder };
        for (path, text) in FILES {
            fixture.write(path, text);
        }
        fixture.write("listings/one/node.js", "// node listings/one/node.js\n");
        fixture.git(&["init", "--quiet"]);
        fixture.track();
        fixture
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        let folder = path.parent().expect("a folder of the fixture");
        fs::create_dir_all(folder).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    }

    /// Replaces a text that is there once.
    #[track_caller]
    pub fn replace(&self, path: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.root().join(path))
            .expect("a file of the fixture");
        assert_eq!(text.matches(from).count(), 1, "{from} in {path}");
        self.write(path, &text.replace(from, to));
    }

    /// Has git track all that is there.
    pub fn track(&self) {
        self.git(&["add", "--all"]);
    }

    fn git(&self, arguments: &[&str]) {
        let git = Command::new("git")
            .args(arguments)
            // A hook of git would have it work in another folder.
            .env_remove("GIT_DIR")
            .env_remove("GIT_WORK_TREE")
            .env_remove("GIT_INDEX_FILE")
            .current_dir(self.root())
            .status();
        assert!(git.expect("git runs").success(), "git {arguments:?}");
    }
}

/// A rule, as the library has it.
pub type Rule = fn(&Repository) -> Vec<Problem>;

/// What is done to a whole repository, and what is then said about it.
pub enum Break {
    /// In this file, this text becomes that one.
    Replace(&'static str, &'static str, &'static str),
    /// This file gets this text.
    Write(&'static str, &'static str),
}

/// Breaks one thing after the other, each in a whole repository, and sees the
/// rule complain in these words, one line for each problem, and of no more.
#[track_caller]
pub fn complains(rule: Rule, breaks: &[(Break, &str)]) {
    let before = rule(&Repository::open(Fixture::whole().root()));
    assert!(before.is_empty(), "a whole repository: {before:?}");
    for (what, words) in breaks {
        let fixture = Fixture::whole();
        match what {
            Break::Replace(path, from, to) => fixture.replace(path, from, to),
            Break::Write(path, text) => fixture.write(path, text),
        }
        fixture.track();
        let problems = rule(&Repository::open(fixture.root()));
        let mut said: Vec<String> =
            problems.iter().map(|problem| problem.to_string()).collect();
        said.sort();
        let wanted: Vec<&str> = words.lines().collect();
        let are_said = said.len() == wanted.len()
            && said.iter().zip(&wanted).all(|(said, one)| said.contains(one));
        assert!(are_said, "wanted: {wanted:#?}\nsaid: {said:#?}");
    }
}
