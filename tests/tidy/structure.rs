use unblocked::book::check;

use crate::LISTING;
use crate::fixture::Break::{Replace, Write};
use crate::fixture::complains;

const MANIFEST: &str = "listings/one/Cargo.toml";
const INDEX: &str = "listings/README.md";

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
                "listings/one/Cargo.toml:3: `workspace` ties it",
            ),
            (
                Replace(
                    MANIFEST,
                    "[lints",
                    "[dependencies]\na = { path = \"b\" }\n[lints",
                ),
                "listings/one/Cargo.toml:4: `path` ties it",
            ),
            (
                Replace("Cargo.toml", "listings/*", "listings/one"),
                "Cargo.toml: the workspace must have the members listings/*",
            ),
            (
                Replace("Cargo.toml", "exercises/*", "exercises/one"),
                "Cargo.toml: the workspace must have the members exercises/*",
            ),
            (Write("listings/one/build.rs", "fn main() {}"), "no build script"),
        ],
    );
}

#[test]
fn an_exercise_that_is_not_complete_is_found() {
    complains(
        check::structure,
        &[(
            Write("exercises/two/src/main.rs", "fn main() {}"),
            "exercises/two: no Cargo.toml that git tracks\n\
             exercises/two: no README.md that git tracks\n\
             exercises/two: no submissions/reference.rs that git tracks\n\
             exercises/two: no tests/grade.rs that git tracks",
        )],
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
            (
                Replace(LISTING, "run -p one", "run -p one_more"),
                "listings/one/src/main.rs:1: its first comment must hold",
            ),
            (
                Replace(LISTING, "curl http", "wget http"),
                "listings/one/src/main.rs:1: its first comment must hold `curl",
            ),
            (
                Write(
                    "listings/one/src/bin/one_more.rs",
                    "//! curl 127.0.0.1:3001\n",
                ),
                "must hold `cargo run -p one --bin one_more`",
            ),
            (
                Write("listings/one/node.js", "let x;\n"),
                "listings/one/node.js:1: its first comment must hold `node listings",
            ),
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
                "listings/README.md: no row for two\n\
                 listings/two/Cargo.toml: the package must be called two\n\
                 listings/two/src/main.rs:1: its first comment must hold\n\
                 listings/two/src/main.rs:1: its first comment must hold\n\
                 listings/two: no Cargo.toml that git tracks\n\
                 listings/two: no node.js that git tracks",
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
                "book/SUMMARY.md: chapters , listings one: they must agree\n\
                 book/one.md: no chapter of book/SUMMARY.md",
            ),
            (
                Replace(
                    "book/SUMMARY.md",
                    "- [One]",
                    "- [Two](two.md)\n- [One]",
                ),
                "book/SUMMARY.md: no chapter two.md",
            ),
            (Write("book/two.md", "# Two\n"), "book/two.md: no chapter"),
            (
                Write(
                    "listings/one/src/bin/one.rs",
                    "//! cargo run -p one --bin one; curl 127.0.0.1:3001\n",
                ),
                "one/src/bin/one.rs: its binary is called as that of listings",
            ),
            (
                Write("src/bin/one/main.rs", ""),
                "its binary is called as that of",
            ),
            (Write("src/main.rs", "fn main() {}\n"), ""),
        ],
    );
}
