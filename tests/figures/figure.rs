//! The picture of a run and its table.

use scraper::Html;
use unblocked::record::{Trace, figure};

use crate::examine::{all_text, attributes, problems, select};
use crate::traces;

#[test]
fn a_figure_is_fit_for_a_page() {
    for trace in traces::all() {
        let html = figure::html(&trace);
        assert_eq!(problems(&html), [""; 0], "{}", trace.scenario);
    }
}

/// The check above is worth something: each of these is caught.
#[test]
fn a_figure_that_somebody_touched_is_not() {
    let html = figure::html(&traces::blocked());
    let padding = format!("<!--{}--></svg>", "x".repeat(12 * 1024));
    for (from, to, problem) in [
        ("<table>", "\n\n<table>", "an empty line"),
        ("</svg>", padding.as_str(), "too long"),
        ("recorded", "simulated", "recorded"),
        ("November 2026", "November", "when"),
        ("</details>", "</details><p></p>", "order"),
        ("</figure>", "</figure><figure class=\"timeline\">", "one figure"),
        ("-desc\">", "-title\">", "twice"),
        ("id=\"timeline-blocked-two-clients-t", "id=\"t", "another figure"),
        ("-clip)", "-clap)", "clip"),
        ("<td>5.002</td>", "<td>5.003</td>", "cell"),
        ("data-sent=\"0\"", "data-sent=\"500\"", "cell"),
        ("pid 4711</text>", "</text>", "who worked"),
        ("<text class=\"who\" x=\"1\"", "<text x=\"290\"", "leaves"),
        ("<text class=\"who\" x=\"1\"", "<text x=\"200\"", "other text"),
        ("font-size=\"13\"", "font-size=\"10\"", "too small"),
        ("The fast", "{{title}}", "expand"),
    ] {
        assert!(html.contains(from), "{from} is not there");
        let found = problems(&html.replacen(from, to, 1)).join("; ");
        assert!(found.contains(problem), "{from} -> {to}: found {found:?}");
    }
}

#[test]
fn a_figure_follows_from_its_trace_alone() {
    for trace in traces::all() {
        let again = Trace::parse(&trace.text()).expect("its own text");
        assert_eq!(figure::html(&trace), figure::html(&again));
    }
}

#[test]
fn a_request_waits_dashed_and_runs_solid() {
    let html = Html::parse_fragment(&figure::html(&traces::blocked()));
    let parts = |lane: &str| {
        attributes(&html, &format!("{lane} g > *"), "class").join(" ")
    };
    // A started after a millisecond, which nobody could see.
    assert_eq!(parts(".lane[data-sent='0']"), "running answered");
    assert_eq!(parts(".lane[data-sent='1000322']"), "waiting answered");

    let html = Html::parse_fragment(&figure::html(&traces::blocked()));
    let bar = |class: &str, what: &str| -> f64 {
        let bar = attributes(&html, &format!(".lane .{class}"), what);
        bar[0].parse().expect("a number")
    };
    let end = |class| bar(class, "x") + bar(class, "width");
    assert!(bar("waiting", "x") > bar("running", "x") + 50.0);
    assert!((end("waiting") - end("running")).abs() < 0.5);
}

#[test]
fn a_colour_is_one_workers() {
    let lanes = |trace: &Trace| -> Vec<String> {
        let html = Html::parse_fragment(&figure::html(trace));
        let classes = attributes(&html, "g.lane", "class");
        classes.into_iter().map(String::from).collect()
    };
    assert_eq!(lanes(&traces::blocked()), ["lane w0", "lane w0"]);
    assert_eq!(
        lanes(&traces::died()),
        ["lane w0", "lane w1", "lane w0", "lane w0"]
    );
    let ten = lanes(&traces::ten_clients());
    assert_eq!(ten[5..8], ["lane w5", "lane w0", "lane w1"]);
    // One process: its threads are told apart.
    assert_eq!(lanes(&traces::awkward()), ["lane w0", "lane w1", "lane w2"]);
}

#[test]
fn the_description_tells_who_waits_and_who_is_first() {
    let told = |trace: &Trace| {
        all_text(&Html::parse_fragment(&figure::html(trace)), "svg > desc")
    };
    let story = told(&traces::blocked());
    assert!(
        story.contains(
            "A asks for /block-server at 0.000 s; pid 4711 starts on it at \
             0.001 s and answers at 5.002 s."
        ),
        "{story}"
    );
    assert!(story.contains("B waits 4.002 s."), "{story}");
    assert!(story.contains("Order of the answers: A, B."), "{story}");
    let story = told(&traces::ten_clients());
    assert!(story.contains("Nobody waits."), "{story}");
    assert!(
        story.contains("answers: A, D, G, J, C, F, I, B, E, H."),
        "{story}"
    );
    let story = told(&traces::died());
    assert!(story.contains("At 2.500 s, pid 6002 died: SIGKILL."), "{story}");
}

#[test]
fn an_event_stands_where_it_happened() {
    let html = Html::parse_fragment(&figure::html(&traces::died()));
    assert_eq!(
        all_text(&html, "g.event text"),
        "2.5 s: pid 6002 died: SIGKILL"
    );
    // Of twenty that nobody explained none is drawn, and all are listed.
    let html = Html::parse_fragment(&figure::html(&traces::ten_clients()));
    assert!(select(&html, "g.event").is_empty());
    assert_eq!(select(&html, "table:nth-of-type(2) tbody tr").len(), 20);
}

#[test]
fn a_long_label_is_cut_and_still_there() {
    let trace = traces::awkward();
    let html = Html::parse_fragment(&figure::html(&trace));
    let full = format!("tab 1 {}", trace.requests[0].path);
    let first = all_text(&html, "g.lane[data-sent='0'] > title");
    assert_eq!(first, full);
    assert!(all_text(&html, "text.who").contains('…'));
    assert_eq!(attributes(&html, "g.lane", "data-who")[0], full);
}
