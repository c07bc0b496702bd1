//! What the repository promises about itself, and for each rule a copy that
//! breaks it: a check that can't fail is worth nothing.

mod fixture; // A small repository that keeps all the rules.
mod pages; // What is wrong with a page once it is built.
mod sources; // What is wrong with code, wherever it is.

use std::path::Path;

use fixture::Break::{Replace, Write};
use fixture::{Fixture, complains};
use unblocked::book::check::{self, RULES, Repository};

const PAGE: &str = "book/one.md";
const LISTING: &str = "listings/one/src/main.rs";
const MANIFEST: &str = "listings/one/Cargo.toml";
const INDEX: &str = "listings/README.md";
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
fn a_broken_include_is_found() {
    complains(
        check::includes,
        &[
            (
                Replace(PAGE, "src/main.rs:main", "src/mian.rs:main"),
                "book/one.md:6: no file listings/one/src/mian.rs",
            ),
            (
                Replace(PAGE, "src/main.rs:main", "src/main.rs:mian"),
                "book/one.md:6: listings/one/src/main.rs: there is no anchor",
            ),
            (
                Replace(PAGE, "main.rs:main", "main.rs:1:3"),
                "book/one.md:6: use an anchor",
            ),
            (
                Replace(PAGE, "main.rs:main", "main.rs:2"),
                "book/one.md:6: use an anchor",
            ),
            (
                Replace(PAGE, "rustdoc_include", "rustdoc_inclde"),
                "book/one.md:6: mdBook knows no helper rustdoc_inclde",
            ),
            (
                Replace(PAGE, INCLUDE, "  {{#include ../README.md}}"),
                "book/one.md:6: an include must begin its line",
            ),
            (
                Replace(LISTING, "fn main() {}", ""),
                "nothing in the anchor main",
            ),
            (
                Replace(LISTING, "// ANCHOR_END: main", ""),
                "1 starts and 0 ends",
            ),
            (
                Replace(
                    LISTING,
                    "fn main() {}",
                    "// ANCHOR: main\nfn main() {}",
                ),
                "2 starts and 1 ends",
            ),
            (
                Replace(
                    LISTING,
                    "fn main() {}",
                    "// ANCHOR: more\nfn main() {}",
                ),
                "listings/one/src/main.rs:7: no page uses the anchor more",
            ),
        ],
    );
}

#[test]
fn an_include_of_a_file_that_git_does_not_track_is_found() {
    let fixture = Fixture::whole();
    fixture.replace(PAGE, "\n<img", "\n{{#include more.txt}}\n\n<img");
    fixture.track();
    fixture.write("book/more.txt", "It is there.\n");
    let said = check::includes(&Repository::open(fixture.root()));
    let said: Vec<String> = said.iter().map(|one| one.to_string()).collect();
    assert_eq!(said, ["book/one.md:13: no file book/more.txt that git tracks"]);
    let said = check::includes(&Repository::as_it_is(fixture.root()));
    assert!(said.is_empty(), "whoever still writes it may see it: {said:?}");
}

#[test]
fn an_include_that_is_meant_to_be_read_is_left_alone() {
    let fixture = Fixture::whole();
    fixture.replace(PAGE, "# One\n", "# One\n\nWrite `\\{{#inclde x}}`.\n");
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
                Replace("README.md", "```sh", "```"),
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
                "build.build-dir is book",
            ),
            (
                Replace("book.toml", "create-missing = false", ""),
                "build.create-missing is nothing",
            ),
            (
                Replace("book.toml", "runnable = false", "runnable = true"),
                "output.html.playground.runnable is true",
            ),
            (
                Replace("book.toml", "src = \"book\"", "src = \"src\""),
                "book.src",
            ),
            (Replace("book.toml", "[build]", "[build"), "book.toml: "),
        ],
    );
}

#[test]
fn a_listing_that_can_not_be_copied_out_is_found() {
    complains(
        check::structure,
        &[
            (
                Replace(MANIFEST, "name = \"one\"", "name = \"two\""),
                "must be called one",
            ),
            (
                Replace(MANIFEST, "[lints", "edition.workspace = true\n[lints"),
                "listings/one/Cargo.toml:3: workspace=true ties it",
            ),
            (
                Replace(
                    MANIFEST,
                    "[lints",
                    "[dependencies]\na = { path = \"b\" }\n[lints",
                ),
                "listings/one/Cargo.toml:4: path= ties it",
            ),
            (Write("listings/one/build.rs", "fn main() {}"), "no build script"),
        ],
    );
}

#[test]
fn a_listing_that_does_not_say_how_to_run_it_is_found() {
    complains(
        check::structure,
        &[
            (
                Replace(LISTING, "//!     cargo run -p one\n", ""),
                "must hold `cargo run -p one`",
            ),
            (Replace(LISTING, "curl http", "wget http"), "must hold `curl `"),
            (
                Write(
                    "listings/one/src/bin/one_more.rs",
                    "//! curl 127.0.0.1:3001\n",
                ),
                "must hold `cargo run -p one --bin one_more`",
            ),
            (Write("listings/one/node.js", "let x;\n"), "the run line"),
        ],
    );
}

#[test]
fn an_index_that_disagrees_with_the_folders_is_found() {
    complains(
        check::structure,
        &[
            (
                Write("listings/two/src/main.rs", ""),
                "listings/README.md: no row for two",
            ),
            (
                Write("listings/two/src/main.rs", ""),
                "no Cargo.toml that git tracks",
            ),
            (
                Replace(INDEX, "cargo run -p one", "see there"),
                "has no run line",
            ),
            (
                Replace(INDEX, "| [one]", "| [two](x) | |\n| [one]"),
                "listings/README.md:3: there is no listing two",
            ),
            (
                Replace("book/SUMMARY.md", "- [One](one.md)\n", ""),
                "book/one.md: no chapter",
            ),
            (
                Replace("book/SUMMARY.md", "- [One](one.md)\n", ""),
                "they must agree",
            ),
            (
                Replace("book/SUMMARY.md", "one.md", "two.md"),
                "no chapter two.md",
            ),
            (Write("book/two.md", "# Two\n"), "book/two.md: no chapter"),
            (
                Write("listings/one/src/bin/one.rs", "//! x\n"),
                "its binary is called as that of",
            ),
        ],
    );
}
