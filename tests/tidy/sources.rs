use unblocked::book::check::{self, Repository};

use crate::LISTING;
use crate::fixture::Break::{Replace, Write};
use crate::fixture::{Fixture, complains};

#[test]
fn a_file_that_outgrows_its_reader_is_found() {
    const LINES: &str = include_str!("main.rs");
    assert!(LINES.lines().count() > 150, "long enough for a listing");
    let wide = "// This line is longer than a listing's page is wide, as you \
                can see by counting it.\n";
    complains(
        check::lengths,
        &[
            (Write("listings/one/src/bin/long.rs", LINES), "150 is the most"),
            (Write(LISTING, wide), "listings/one/src/main.rs:1: "),
        ],
    );
    let fixture = Fixture::whole();
    fixture.write("src/long.rs", &"\n".repeat(301));
    fixture.write("tests/fits.rs", &"\n".repeat(300));
    fixture.track();
    let said = check::lengths(&Repository::open(fixture.root()));
    let said: Vec<String> = said.iter().map(|one| one.to_string()).collect();
    assert_eq!(said, ["src/long.rs: 301 lines; 300 is the most"]);
}

#[test]
fn an_address_of_another_host_is_found() {
    // In pieces, or this file would break the rule itself.
    complains(
        check::loopback,
        &[
            (
                Write("src/serve.rs", concat!("bind(\"0.0", ".0.0:80\")\n")),
                concat!("src/serve.rs:1: 0.0", ".0.0 is not"),
            ),
            (
                Write("book/start.md", concat!("\n`curl 192.168", ".0.7`\n")),
                concat!("book/start.md:2: 192.168", ".0.7 is not"),
            ),
            (
                Write("tests/a.rs", concat!("bind(\"[", "::]:0\")")),
                concat!("tests/a.rs:1: [", "::] is not"),
            ),
        ],
    );
}

#[test]
fn unsafe_code_without_a_reason_is_found() {
    let lint = "undocumented_unsafe_blocks = \"deny\"";
    complains(
        check::unsafe_comments,
        &[
            (
                Replace(LISTING, "{}", "{\n    unsafe { f() }\n}"),
                "listings/one/src/main.rs:8: say in a SAFETY: comment",
            ),
            (
                Write(
                    "src/a.rs",
                    "// It is fine.\nunsafe impl Send for A {}\n",
                ),
                "src/a.rs:2: say in a SAFETY: comment",
            ),
            (
                Replace("listings/one/Cargo.toml", lint, "all = \"warn\""),
                "[lints.clippy] must have",
            ),
        ],
    );
}

#[test]
fn unsafe_code_with_a_reason_is_left_alone() {
    let fixture = Fixture::whole();
    fixture.replace(
        LISTING,
        "{}",
        "{\n    // SAFETY: nothing can\n    // happen.\n    unsafe { f() }\n}",
    );
    let said = check::unsafe_comments(&Repository::open(fixture.root()));
    assert!(said.is_empty(), "{said:?}");
}

#[test]
fn a_path_of_one_machine_is_found() {
    complains(
        check::machine_paths,
        &[
            (
                Write("README.md", concat!("See `/ho", "me/me/book`.\n")),
                concat!("README.md:1: /ho", "me/ is a path of one machine"),
            ),
            (
                Write("src/a.rs", concat!("\n// (/ro", "ot/.cache)\n")),
                concat!("src/a.rs:2: /ro", "ot/ is a path"),
            ),
        ],
    );
}
