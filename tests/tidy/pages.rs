use unblocked::book::check::{self, Repository};

use crate::fixture::Break::{Replace, Write};
use crate::fixture::{Fixture, complains};
use crate::{INCLUDE, PAGE};

#[test]
fn a_link_that_leads_nowhere_is_found() {
    complains(
        check::pages,
        &[
            (
                Replace("book/start.md", "one.md#two", "two.md"),
                "target/book/start.html: two.html: there is no such file",
            ),
            (
                Replace("book/start.md", "one.md#two", "one.md#three"),
                "target/book/start.html: one.html#three: there is no such place",
            ),
            (
                Replace("book/start.md", "one.md#two", "../../README.md"),
                "leads out of the book",
            ),
            (
                Replace(PAGE, "src=\"box.svg\"", "src=\"bix.svg\""),
                "target/book/one.html: bix.svg: there is no such file",
            ),
        ],
    );
}

#[test]
fn code_that_shows_nothing_is_found() {
    complains(
        check::pages,
        &[
            (
                Replace(PAGE, "main.rs:main", "main.rs:mian"),
                "target/book/one.html: code block 1 shows nothing",
            ),
            (
                Replace(PAGE, INCLUDE, ""),
                "target/book/one.html: code block 1 shows nothing",
            ),
        ],
    );
}

#[test]
fn a_helper_that_mdbook_does_not_know_is_found_on_the_page() {
    complains(
        check::pages,
        &[(
            Replace(PAGE, "## Two", "{{#inclde x}}\n\n## Two"),
            "target/book/one.html: not expanded: {{#inclde x}}",
        )],
    );
}

#[test]
fn a_helper_in_a_code_block_is_found_unless_it_is_escaped() {
    complains(
        check::pages,
        &[(
            Replace(PAGE, "src/main.rs:main", "src/mian.rs:main"),
            "target/book/one.html: not expanded: {{#rustdoc_include",
        )],
    );
    let fixture = Fixture::whole();
    fixture.replace(PAGE, INCLUDE, "\\{{#include x.rs}}");
    let said = check::pages(&Repository::open(fixture.root()));
    assert!(said.is_empty(), "{said:?}");
}

#[test]
fn links_to_other_sites_and_schemes_are_left_alone() {
    let fixture = Fixture::whole();
    let text = "Go [on](one.md#two), [out](https://example.com/?a=b#c), to \
                [me](mailto:me@example.com) or [it](http://127.0.0.1:3001/).\n";
    fixture.write("book/start.md", text);
    let said = check::pages(&Repository::open(fixture.root()));
    assert!(said.is_empty(), "{said:?}");
}

#[test]
fn two_elements_of_one_id_are_found_also_across_chapters() {
    complains(
        check::pages,
        &[
            (
                Replace(PAGE, "<figure", "<a id=\"box\"></a><figure"),
                "target/book/one.html: the id box is there twice",
            ),
            (
                // One on each page is fine until the pages are joined.
                Write("book/start.md", "<p id=\"box\">Go.</p>\n"),
                "target/book/start.html: the id box is also on one.html",
            ),
        ],
    );
}

#[test]
fn a_picture_without_words_is_found() {
    complains(
        check::pages,
        &[
            (
                Replace(PAGE, " alt=\"a box\"", ""),
                "the image box.svg has no alt",
            ),
            (
                Replace(PAGE, " role=\"img\"", ""),
                "target/book/one.html: an svg has no role=img or no name",
            ),
            (
                Replace(PAGE, "<rect/>", "<rect/></svg>\n<svg><g/>"),
                "target/book/one.html: an svg has no role=img or no name",
            ),
            (
                Replace(PAGE, "aria-label=", "aria-labelledby="),
                "target/book/one.html: an svg has no role=img or no name",
            ),
        ],
    );
}

#[test]
fn a_page_that_asks_another_host_is_found() {
    let script = "<script src=\"https://example.com/a.js\"></script>\n\n## Two";
    complains(
        check::pages,
        &[
            (
                Replace(PAGE, "## Two", script),
                "target/book/one.html: asks another host for https://example.com",
            ),
            (
                Write(
                    "book/more.css",
                    "a { background: url('https://example.com/a.png') }",
                ),
                "target/book/more.css: asks another host for https://example.com",
            ),
            (
                Replace(
                    PAGE,
                    "src=\"box.svg\"",
                    "src=\"//example.com/box.svg\"",
                ),
                "target/book/one.html: asks another host for //example.com",
            ),
        ],
    );
}

#[test]
fn a_book_that_can_not_be_built_is_found() {
    complains(
        check::pages,
        &[(
            Replace("book/SUMMARY.md", "one.md", "two.md"),
            "book: cannot build the book in ",
        )],
    );
}
