//! A run as a picture: one lane for each request, and a table.
//!
//! The picture is whole as it stands: without a script and on paper nothing
//! is missing. `book/theme/figure.js` moves its clip and its playhead, and
//! takes all that it knows from the `data-` attributes.
//!
//! # Layout
//!
//! - `drawing`: the SVG.
//! - `table`: the same numbers as a table.
//! - `words`: the same run in sentences, and how a time is written.
//!
//! mdBook gives each id of print.html to one element only, and does not
//! follow references to it, so a book shows a figure in one place only.

mod drawing;
mod table;
mod words;

use std::fmt::Write;

use super::Trace;
use super::trace::{Machine, Request};

pub(crate) use words::seconds;
pub(super) use words::{day, processor, rustc};

/// The colours that a theme has for workers, `w0` to `w5`.
const COLOURS: usize = 6;

/// The figure of a run: one element of HTML without an empty line, which
/// would end it in Markdown.
pub fn html(trace: &Trace) -> String {
    let id = id(trace);
    let title = escape(trace.title.trim_end_matches('.'));
    let recorded = escape(&machine(&trace.machine));
    let mut html = format!("<figure class=\"timeline\" id=\"{id}\">\n");
    drawing::write(&mut html, trace, &id);
    html += "<div class=\"controls\" hidden></div>\n";
    table::write(&mut html, trace);
    let _ = write!(
        html,
        "<figcaption>{title}.\n\
         <small>A recorded run: {recorded}.</small></figcaption>\n\
         </figure>\n"
    );
    html
}

/// Where and when, in one line.
pub(super) fn machine(machine: &Machine) -> String {
    let Machine { cores, kernel, date, commit, .. } = machine;
    let s = if *cores == 1 { "" } else { "s" };
    let (processor, rustc) = (processor(machine), rustc(machine));
    format!(
        "{processor}, {cores} core{s}, {kernel}, {rustc}; {}; commit {commit}",
        day(date)
    )
}

/// The figure's id, which all its other ids begin with.
fn id(trace: &Trace) -> String {
    let word = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    format!("timeline-{}", trace.scenario.chars().map(word).collect::<String>())
}

/// Whoever works: processes if several answer, or else threads.
pub(super) struct Workers {
    threads: bool,
    seen: Vec<u32>,
}

impl Workers {
    pub(super) fn of(trace: &Trace) -> Self {
        let pids = distinct(trace.requests.iter().map(|request| request.pid));
        let seen =
            distinct(trace.requests.iter().map(|request| request.thread));
        if pids.len() == 1 && seen.len() > 1 {
            Self { threads: true, seen }
        } else {
            Self { threads: false, seen: pids }
        }
    }

    /// The number of the one who answered, and what the number is.
    pub(super) fn name(&self, request: &Request) -> String {
        let kind = if self.threads { "thread" } else { "pid" };
        format!("{kind} {}", self.number(request))
    }

    /// The colour of the one who answered, by order of appearance.
    fn colour(&self, request: &Request) -> usize {
        let number = self.number(request);
        let place = self.seen.iter().position(|seen| *seen == number);
        place.unwrap_or(0) % COLOURS
    }

    fn number(&self, request: &Request) -> u32 {
        if self.threads { request.thread } else { request.pid }
    }
}

/// Each value once, in order of appearance.
pub(crate) fn distinct<T: PartialEq>(
    values: impl Iterator<Item = T>,
) -> Vec<T> {
    let mut seen = Vec::new();
    for value in values {
        if !seen.contains(&value) {
            seen.push(value);
        }
    }
    seen
}

/// Text as HTML: no markup and no line of its own.
fn escape(text: &str) -> String {
    let mut html = String::new();
    for c in text.chars() {
        match c {
            '&' => html += "&amp;",
            '<' => html += "&lt;",
            '>' => html += "&gt;",
            '"' => html += "&quot;",
            // mdBook looks for its includes here as well.
            '{' => html += "&#123;",
            c if c.is_control() => html.push(' '),
            c => html.push(c),
        }
    }
    html
}
