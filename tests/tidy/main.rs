//! What the repository promises about itself, and for each rule a copy that
//! breaks it: a check that can't fail is worth nothing.

mod fixture; // A small repository that keeps all the rules.
mod pages; // What is wrong with a page once it is built.
mod sources;
mod structure; // Listings, their index, and the chapters. // What is wrong with code, wherever it is.

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
fn a_broken_include_is_found() {
    complains(
        check::includes,
        &[
            (
                Replace(PAGE, "src/main.rs:main", "src/mian.rs:main"),
                "book/one.md:6: no file listings/one/src/mian.rs\nno page uses the anchor main",
            ),
            (
                Replace(PAGE, "src/main.rs:main", "src/main.rs:mian"),
                "book/one.md:6: listings/one/src/main.rs: there is no anchor\nno page uses the anchor main",
            ),
            (
                Replace(PAGE, "main.rs:main", "main.rs:1:3"),
                "book/one.md:6: use an anchor\nno page uses the anchor main",
            ),
            (
                Replace(PAGE, "main.rs:main", "main.rs:2"),
                "book/one.md:6: use an anchor\nno page uses the anchor main",
            ),
            (
                Replace(PAGE, "main.rs:main}}", "main.rs:main"),
                "book/one.md:6: rustdoc_include has no }}\nno page uses the anchor main",
            ),
            (
                Replace(PAGE, "{{#rustdoc", "{{ #x y}} {{#rustdoc"),
                "book/one.md:6: an include must\nbook/one.md:6: mdBook knows no helper x\n\
                 no page uses the anchor main",
            ),
            (
                Replace(PAGE, "{{#rustdoc", "\\{{#x}} {{#rustdoc"),
                "book/one.md:6: mdBook takes the line for escaped\nno page uses the anchor main",
            ),
            (
                Replace(PAGE, "main.rs:main", "main.rs"),
                "listings/one/src/main.rs:6: no page uses the anchor main",
            ),
            (
                Replace(PAGE, "rustdoc_include", "rustdoc_inclde"),
                "book/one.md:6: mdBook knows no helper rustdoc_inclde\nno page uses the anchor main",
            ),
            (
                Replace(PAGE, INCLUDE, "  {{#include ../README.md}}"),
                "book/one.md:6: an include must begin its line\nno page uses the anchor main",
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
