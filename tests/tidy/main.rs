//! What the repository promises about itself, and for each rule a copy that
//! breaks it: a check that can't fail is worth nothing.

mod fixture; // A small repository that keeps all the rules.
mod includes; // Listings, facts and figures on a page.
mod numbers; // Numbers that somebody typed.
mod pages; // What is wrong with a page once it is built.
mod sources; // What is wrong with code, wherever it is.
mod structure; // Listings, their index, and the chapters.

use std::path::Path;

use fixture::Break::{Replace, Write};
use fixture::{Fixture, complains};
use unblocked::book::check::{self, RULES, Repository};

const PAGE: &str = "book/one.md";
const LISTING: &str = "listings/one/src/main.rs";
const INCLUDE: &str = "{{#rustdoc_include ../listings/one/src/main.rs:main}}";

#[test]
fn this_repository_keeps_every_rule() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let repository = Repository::open(root);
    for (name, rule) in RULES {
        let problems = rule(&repository);
        let lines: Vec<String> =
            problems.iter().map(|problem| problem.to_string()).collect();
        assert!(problems.is_empty(), "{name}:\n{}", lines.join("\n"));
    }
}

#[test]
fn a_whole_repository_breaks_no_rule() {
    let fixture = Fixture::whole();
    for (name, rule) in RULES {
        let problems = rule(&Repository::open(fixture.root()));
        assert!(problems.is_empty(), "{name}: {problems:?}");
    }
}

#[test]
fn without_git_a_repository_is_taken_as_it_is() {
    let fixture = Fixture::whole();
    std::fs::remove_dir_all(fixture.root().join(".git")).expect("it is there");
    let problems = check::includes(&Repository::open(fixture.root()));
    assert!(problems.is_empty(), "{problems:?}");
}

#[test]
fn rust_that_nobody_tests_is_found() {
    complains(
        check::fences,
        &[
            (
                Replace(PAGE, "rust,no_run", "rust,ignore"),
                "book/one.md:5: `rust,ignore` is not tested",
            ),
            (
                Replace(PAGE, "rust,no_run", "rust,compile_fail"),
                "`rust,compile_fail` is not tested",
            ),
            (
                Write("book/start.md", "> ```no_run,rust\n> f();\n> ```\n"),
                "book/start.md:1: `no_run,rust` is not tested",
            ),
            (
                Replace("README.md", "```sh", "```"),
                "README.md:3: say what the block holds",
            ),
            (
                Write("README.md", "# One\n\n    cargo run\n"),
                "README.md:3: say what the block holds",
            ),
        ],
    );
}

#[test]
fn a_setting_that_harms_is_found() {
    complains(
        check::settings,
        &[
            (
                Replace("book.toml", "target/book", "book"),
                "book.toml:4: build.build-dir is book",
            ),
            (
                Replace("book.toml", "create-missing = false", ""),
                "build.create-missing is nothing",
            ),
            (
                Replace("book.toml", "runnable = false", "runnable = true"),
                "book.toml:7: output.html.playground.runnable is true",
            ),
            (
                Replace("book.toml", "src = \"book\"", "src = \"src\""),
                "book.toml:2: book.src is src",
            ),
            (Replace("book.toml", "[build]", "[build"), "book.toml: "),
        ],
    );
}
