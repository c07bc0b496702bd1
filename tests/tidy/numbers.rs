use unblocked::book::check::{self, Repository};

use crate::PAGE;
use crate::fixture::Break::{Replace, Write};
use crate::fixture::{Fixture, complains};

const LIST: &str = "src/book/check/numbers.toml";

#[test]
fn a_number_that_is_typed_is_found_where_it_stands() {
    complains(
        check::numbers,
        &[
            (
                Replace(
                    PAGE,
                    "## Two",
                    "\nIt waits\n**4.2** seconds.\n\n## Two",
                ),
                "book/one.md:5: \"4.2 seconds\" is typed: include a fact",
            ),
            (
                Replace(PAGE, "## Two", "## Two in 3 ms"),
                "book/one.md:3: \"3 ms\"",
            ),
            (
                Replace(
                    PAGE,
                    "a box\"><rect",
                    "a box\">\n<text x=\"5 s\">7 s</text><rect",
                ),
                "book/one.md:11: \"7 s\"",
            ),
            (
                Replace(PAGE, "## Two", "| a |\n|---|\n| 5 s |\n\n## Two"),
                "book/one.md:5: \"5 s\"",
            ),
            (
                Replace(PAGE, "## Two", "> - In [9&nbsp;s](a.md).\n\n## Two"),
                "book/one.md:3: \"9 s\"",
            ),
            (
                Replace(
                    PAGE,
                    "## Two",
                    "<details>\n<summary>In <code>5 s</code>,\nor in\n \
                     8&nbsp;s?</summary>\n</details>\n\n## Two",
                ),
                "book/one.md:6: \"8 s\"",
            ),
            (
                Replace(PAGE, "## Two", "It is 4 **s**.\n\n## Two"),
                "book/one.md:3: \"4 s\"",
            ),
            (
                Replace(
                    PAGE,
                    "## Two",
                    "<p>\nFirst\nit\nis <b>3</b>\n  s.</p>\n\n## Two",
                ),
                "book/one.md:6: \"3 s\"",
            ),
            (
                Replace(PAGE, "## Two", "<p>It\nis\n3 s.</p>\n\n## Two"),
                "book/one.md:5: \"3 s\"",
            ),
            // What is left open in one place hides nothing in the next.
            (
                Replace(PAGE, "## Two", "A <code>5 s\n\nIn 6 s.\n\n## Two"),
                "book/one.md:5: \"6 s\"",
            ),
        ],
    );
}

#[test]
fn a_list_that_allows_what_nobody_types_is_found() {
    complains(
        check::numbers,
        &[
            (
                Replace("book/start.md", "for five", "for some"),
                "src/book/check/numbers.toml:3: book/start.md types no number",
            ),
            (
                Replace("book/start.md", "computes for five", "waits five"),
                "book/start.md:5: \"five seconds\" is typed\n\
                 src/book/check/numbers.toml:3: book/start.md types no number",
            ),
            (
                Replace(LIST, "book/start.md", "book/one.md"),
                "book/start.md:5: \"five seconds\" is typed\n\
                 src/book/check/numbers.toml:3: book/one.md types no number",
            ),
            // A piece of the number would allow too much.
            (
                Replace(LIST, "computes for five seconds", "seconds"),
                "book/start.md:5: \"five seconds\" is typed\n\
                 src/book/check/numbers.toml:3: book/start.md types no number",
            ),
            (
                Replace(LIST, "\"a default\"", "\" \""),
                "src/book/check/numbers.toml:3: why \"computes for five",
            ),
            (
                Replace(LIST, "why = \"a default\"\n", ""),
                "src/book/check/numbers.toml: TOML parse error",
            ),
            (
                Replace("book/start.md", "seconds.", "seconds, or 5 seconds."),
                "book/start.md:5: \"5 seconds\" is typed",
            ),
            (Write(LIST, ""), "book/start.md:5: \"five seconds\" is typed"),
        ],
    );
}

/// Each of these says one number that somebody measured.
const MEASURED: [(&str, &str); 41] = [
    ("It takes 5 s.", "5 s"),
    ("It takes 0.25s.", "0.25s"),
    ("It takes .5 seconds.", ".5 seconds"),
    ("It takes 4.97 ms, then more.", "4.97 ms"),
    ("It takes 80 µs.", "80 µs"),
    ("It takes 80 microseconds.", "80 microseconds"),
    ("It takes 5-10 minutes.", "5-10 minutes"),
    ("It takes 2 to 3 hours.", "2 to 3 hours"),
    ("A 5-second block.", "5-second"),
    ("A five-second block.", "five-second"),
    ("It waits five more seconds.", "five more seconds"),
    ("It waits two minutes.", "two minutes"),
    ("Twenty-five seconds pass.", "Twenty-five seconds"),
    ("It waits half a second.", "half a second"),
    ("It waits two and a half seconds.", "two and a half seconds"),
    ("It waits three quarters of an hour.", "three quarters of an hour"),
    ("Hundreds of milliseconds later.", "Hundreds of milliseconds"),
    ("It takes less than a millisecond.", "a millisecond"),
    ("It ends within a second.", "a second."),
    ("It ends a second later.", "a second later"),
    ("It holds 64 KiB.", "64 KiB"),
    ("It holds 1,5 MB.", "1,5 MB"),
    ("It holds three megabytes.", "three megabytes"),
    ("It sends 4096 bytes.", "4096 bytes"),
    ("It uses 30 % of it.", "30 %"),
    ("It uses 99.9% of it.", "99.9%"),
    ("It uses ten % of it.", "ten %"),
    ("It uses ten percent of it.", "ten percent"),
    ("It is 5x faster.", "5x"),
    ("It is 5× faster.", "5×"),
    ("It is faster by × 5.", "× 5"),
    ("It is twenty times faster.", "twenty times"),
    ("It is a hundred times slower.", "hundred times"),
    ("It is a tenfold gain.", "tenfold"),
    ("It is twice as fast.", "twice as"),
    ("It does 9000 requests per second.", "9000 requests per second"),
    ("It does 9000/s.", "9000/s"),
    (
        "It does ten thousand requests a second.",
        "ten thousand requests a second",
    ),
    ("It answers two per minute.", "two per minute"),
    ("It took 1200 context switches.", "1200 context switches"),
    ("It lost 17 connections.", "17 connections"),
];

#[test]
fn durations_rates_sizes_and_counts_are_numbers() {
    let fixture = Fixture::whole();
    for (sentence, number) in MEASURED {
        fixture.write(PAGE, sentence);
        let said = check::numbers(&Repository::open(fixture.root()));
        let said: Vec<String> =
            said.iter().map(|one| one.to_string()).collect();
        let is_found = matches!(&said[..], [one]
            if one.starts_with(&format!("{PAGE}:1: \"{number}\" is typed")));
        assert!(is_found, "{sentence} {said:?}");
    }
}

/// None of these does.
const NOT_MEASURED: &str = "\
In the second terminal, ask a second time.
The second of ten clients waits for two workers.
Ten clients ask at the same time, one of them on port 3001.
Node 20 times out, and the second one times out as well.
Node 20 workers and Rust 1.88 threads speak HTTP/1.1 requests; see v20.20.2.
The status is 503, the exit code 0, the file descriptor 3, `MAX_AT_ONCE` 64.
It takes `5 s`, ``five seconds``, or <code>5 s</code>, <!-- 5 s --> or 5\\
`ms`.
Ask [it](http://127.0.0.1:3001/?wait=5s \"5 s\") or <http://127.0.0.1:3001/?wait=5s>.
It takes {{#include recorded/block-five-seconds.md:a_b}} {{#include recorded/9-s.md:x_s}}.

```text
5 seconds
```

    5 seconds

<!--
> It isn't 5 seconds
-->

<p>5</p><p>seconds</p>

<svg viewBox=\"0 0 5 s\" role=\"img\">
<rect
width=\"5 s\" data-wait='5 seconds > 4 seconds'/>
</svg>
<pre>5 s</pre><script>wait(\"5 s\")</script><style>a { width: 5% }</style>

| 5 | seconds |
|---|---|
| 5 | s |

5

seconds pass many times.
";

#[test]
fn ordinals_versions_code_and_markup_are_left_alone() {
    let fixture = Fixture::whole();
    fixture.write(PAGE, NOT_MEASURED);
    let said = check::numbers(&Repository::open(fixture.root()));
    assert!(said.is_empty(), "{said:#?}");
}
