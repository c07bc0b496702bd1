use unblocked::book::check::{self, Repository};

use crate::fixture::Break::{Replace, Write};
use crate::fixture::{Fixture, complains};
use crate::{INCLUDE, LISTING, PAGE};

const FACTS: &str = "book/recorded/run.md";
const START: &str = "book/start.md";

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
fn a_fact_that_does_not_fit_into_a_sentence_is_found() {
    complains(
        check::includes,
        &[
            (
                Replace(FACTS, "\n4.0 seconds", "\n4.0\nseconds"),
                "book/start.md:9: book/recorded/run.md: a fact is one line and not 2",
            ),
            (
                Replace(FACTS, "\n4.0 seconds", "\n\n4.0 seconds"),
                "a fact is one line and not 2",
            ),
            (
                Replace(FACTS, "\n4.0 seconds", "\n"),
                "book/start.md:9: book/recorded/run.md: nothing in the anchor wait",
            ),
            (
                Replace(FACTS, "\n4.0 seconds", ""),
                "book/start.md:9: book/recorded/run.md: nothing in the anchor wait",
            ),
            (
                Replace(START, "run.md:wait", "run.md:wiat"),
                "book/start.md:9: book/recorded/run.md: there is no anchor wiat",
            ),
            (
                Replace(START, "run.md:total", "rnu.md:total"),
                "book/start.md:9: no file book/recorded/rnu.md that git tracks",
            ),
            (
                Replace(START, "run.md:wait", "run.md"),
                "book/start.md:9: name the fact",
            ),
            (
                Replace(
                    START,
                    "{{#include recorded/run.md:wait",
                    "{{#rustdoc_include recorded/run.md:wait",
                ),
                "book/start.md:9: a fact is included with include",
            ),
        ],
    );
}

#[test]
fn only_a_fact_may_stand_in_the_middle_of_a_line() {
    complains(
        check::includes,
        &[
            (
                Replace(START, "run.md:wait", "run.txt:answer"),
                "book/start.md:9: an include must begin its line",
            ),
            (
                Replace(START, "run.md:wait", "run.html"),
                "book/start.md:9: an include must begin its line",
            ),
            (
                Replace(
                    START,
                    "\n{{#include recorded/run.html",
                    "\n {{#include recorded/run.html",
                ),
                "book/start.md:7: an include must begin its line",
            ),
            (
                Write("book/recorded.md", "It is {{#include fake.md:a}}.\n"),
                "book/recorded.md:1: an include must begin its line",
            ),
        ],
    );
}

#[test]
fn a_figure_that_swallows_the_markdown_after_it_is_found() {
    complains(
        check::includes,
        &[
            (
                Replace(START, "run.html}}\n", "run.html}}\nSee?\n"),
                "book/start.md:7: an empty line must follow a figure",
            ),
            (
                Replace(START, "run.html}}\n", "run.html}} See?\n"),
                "book/start.md:7: an empty line must follow a figure",
            ),
        ],
    );
    let fixture = Fixture::whole();
    fixture.write(START, "It is the last:\n\n{{#include recorded/run.html}}");
    let said = check::includes(&Repository::open(fixture.root()));
    assert!(said.is_empty(), "nothing is there to be swallowed: {said:?}");
}

#[test]
fn a_run_without_its_figure_on_one_page_is_found() {
    complains(
        check::recorded,
        &[
            (
                Replace(START, "{{#include recorded/run.html}}", ""),
                "book/recorded/run.json: no page shows book/recorded/run.html",
            ),
            (
                Write("book/recorded/more.json", "{}\n"),
                "book/recorded/more.json: no page shows book/recorded/more.html",
            ),
            (
                Replace(
                    PAGE,
                    "## Two",
                    "{{#include recorded/run.html}}\n\n## Two",
                ),
                "book/start.md:7: book/one.md:3 shows it already",
            ),
            (
                Write(
                    START,
                    "{{#include recorded/run.html}}\n\n{{#include recorded/run.html}}\n",
                ),
                "book/start.md:3: book/start.md:1 shows it already",
            ),
        ],
    );
}

#[test]
fn what_is_shown_of_a_run_without_a_trace_is_found() {
    let fixture = Fixture::whole();
    let folder = fixture.root().join("book/recorded");
    let [old, new] = ["run", "rnu"].map(|name| folder.join(name));
    std::fs::rename(old.with_extension("json"), new.with_extension("json"))
        .expect("it is there");
    fixture.track();
    let said = check::recorded(&Repository::open(fixture.root()));
    let said: Vec<String> = said.iter().map(|one| one.to_string()).collect();
    let missing = "no trace book/recorded/run.json that git tracks";
    let at = |line| format!("book/start.md:{line}: {missing}");
    let unused = "book/recorded/rnu.json: no page shows \
                  book/recorded/rnu.html";
    assert_eq!(said, [unused.into(), at(7), at(9), at(9), at(12)]);
}

#[test]
fn a_run_may_offer_more_than_its_page_needs() {
    let fixture = Fixture::whole();
    fixture.replace(START, "{{#include recorded/run.md:wait}}", "long");
    fixture.replace(START, "{{#include recorded/run.txt:answer}}", "Done.");
    for rule in [check::includes, check::recorded] {
        let said = rule(&Repository::open(fixture.root()));
        assert!(said.is_empty(), "{said:?}");
    }
}
