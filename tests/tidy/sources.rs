use unblocked::book::check::{self, Repository};

use crate::LISTING;
use crate::fixture::Break::{Replace, Write};
use crate::fixture::{Fixture, complains};

#[test]
fn a_file_that_outgrows_its_reader_is_found() {
    let fixture = Fixture::whole();
    fixture.write("src/long.rs", &"\n".repeat(301));
    fixture.write("tests/fits.rs", &"\n".repeat(300));
    fixture.write("listings/one/src/bin/long.rs", &"\n".repeat(151));
    fixture.write("listings/one/src/bin/fits.rs", &"\n".repeat(150));
    fixture.write("listings/one/src/bin/wide.rs", &"x".repeat(81));
    fixture.write("listings/one/node.js", &"x".repeat(80));
    fixture.track();
    let said = check::lengths(&Repository::open(fixture.root()));
    let said: Vec<String> = said.iter().map(|one| one.to_string()).collect();
    let wanted = [
        "listings/one/src/bin/long.rs: 151 lines; 150 is the most",
        "listings/one/src/bin/wide.rs:1: 81 columns; 80 is the most",
        "src/long.rs: 301 lines; 300 is the most",
    ];
    assert_eq!(said, wanted);
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
                Write("tests/a.rs", concat!("bind(\"[:", ":]:0\")")),
                "tests/a.rs:1: :: is not",
            ),
            (
                Write("tests/a.rs", concat!("bind(\"fe80", "::1\")")),
                concat!("tests/a.rs:1: fe80", "::1 is not"),
            ),
            (
                Write("src/a.rs", concat!("Ipv4Addr::UNSP", "ECIFIED")),
                concat!("src/a.rs:1: UNSP", "ECIFIED is not"),
            ),
            (
                Write("src/a.rs", concat!("bind(\"local", "host:0\")")),
                "src/a.rs:1: say 127.0.0.1",
            ),
            (
                Write("listings/one/a.js", "server.listen(PORT, () => {\n"),
                "listings/one/a.js:1: without a host",
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
                Replace("Cargo.toml", lint, "all = \"warn\""),
                "Cargo.toml: its lints must have",
            ),
            (
                Replace("Cargo.toml", "workspace = true", ""),
                "Cargo.toml: [lints] must have workspace = true",
            ),
            (
                Replace("listings/one/Cargo.toml", lint, "all = \"warn\""),
                "listings/one/Cargo.toml: its lints must have",
            ),
            (
                Write("exercises/two/Cargo.toml", "[package]\n"),
                "exercises/two/Cargo.toml: its lints must have",
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
            (
                Write(
                    "Cargo.lock",
                    concat!("\nsource = \"spa", "rse+https://example.com\""),
                ),
                "Cargo.lock:2: spa",
            ),
            (
                Write("listings/.npmrc", concat!("registry.npm", "js.org")),
                "listings/.npmrc:1: registry",
            ),
        ],
    );
}

#[test]
fn the_registry_of_cargo_itself_is_left_alone() {
    let fixture = Fixture::whole();
    let source =
        concat!("registry", "+https://github.com/rust-lang/crates.io-index");
    fixture.write("Cargo.lock", &format!("source = \"{source}\"\n"));
    fixture.track();
    let said = check::machine_paths(&Repository::open(fixture.root()));
    assert!(said.is_empty(), "{said:?}");
}

#[test]
fn versions_paths_of_rust_and_this_host_are_no_other_host() {
    let fixture = Fixture::whole();
    let text =
        "let [a, b] = [fd::add(\"0.14.2\"), \"127.0.0.1:0\", \"[::1]:0\"];";
    fixture.write("src/a.rs", text);
    fixture.track();
    let said = check::loopback(&Repository::open(fixture.root()));
    assert!(said.is_empty(), "{said:?}");
}
