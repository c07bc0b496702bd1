//! A round as it is drawn in a terminal: one lane for each request, and the
//! time below.

use console::{Alignment, Style, pad_str, truncate_str};

use super::round::{Request, Round};
use super::words::Workers;
use crate::record::figure::distinct;

/// What a lane looks like where its request waits, is worked on, and ends
/// without an answer.
const WAITS: char = '─';
const WORKS: char = '█';
const FAILS: char = '×';

/// As many columns as the longest end of a lane mostly has, so that the lanes
/// keep their length: `200 pid 1234567`.
const END: usize = 15;

/// No lane is shorter; a terminal that is too narrow for it cuts off the end.
const SHORTEST: usize = 8;

/// So many columns at least are between two times below the lanes.
const APART: usize = 8;

/// The lines of the picture: `width` columns at most, with `span`
/// microseconds from the left of a lane to its right.
pub fn lines(round: &Round, width: usize, span: u64) -> Vec<String> {
    let workers = Workers::of(round);
    let seen = round.answered();
    let seen = distinct(seen.iter().map(|request| workers.name(request)));
    let style = |request: &Request| {
        let name = workers.name(request);
        let place = seen.iter().position(|seen| *seen == name);
        place.filter(|_| request.answered.is_some()).map(colour)
    };
    let names: Vec<String> = round.requests.iter().map(label).collect();
    let ends: Vec<String> =
        round.requests.iter().map(|request| end(request, &workers)).collect();
    let longest = |texts: &[String]| texts.iter().map(String::len).max();
    let left = longest(&names).unwrap_or_default().min(width / 3);
    let right = longest(&ends).unwrap_or_default().max(END);
    let length = width.saturating_sub(left + right + 2).max(SHORTEST);

    let mut lines = Vec::new();
    for (index, request) in round.requests.iter().enumerate() {
        let name = truncate_str(&names[index], left, "…");
        let name = pad_str(&name, left, Alignment::Left, None);
        let lane = lane(request, &scale(length, span), round.now);
        let (waits, works) = lane.split_at(
            lane.find(|c| c != WAITS && c != ' ').unwrap_or(lane.len()),
        );
        let waits = Style::new().dim().apply_to(waits);
        let works = style(request).unwrap_or_default().apply_to(works);
        let blank = " ".repeat(length.saturating_sub(lane.chars().count()));
        let end = &ends[index];
        let line = format!("{name} {waits}{works}{blank} {end}");
        lines.push(truncate_str(&line, width, "").trim_end().to_owned());
    }
    let axis = format!("{:left$} {}", "", axis(length, span));
    lines.push(truncate_str(&axis, width, "").trim_end().to_owned());
    lines
}

/// The colour of the one who worked, by order of appearance.
fn colour(place: usize) -> Style {
    let style = Style::new();
    match place % 6 {
        0 => style.cyan(),
        1 => style.yellow(),
        2 => style.magenta(),
        3 => style.green(),
        4 => style.blue(),
        _ => style.red(),
    }
}

fn label(request: &Request) -> String {
    format!("{} {}", request.client, request.path)
}

/// What stands behind a lane: how the request is, or how it ended.
fn end(request: &Request, workers: &Workers) -> String {
    match request {
        Request { status: Some(status), .. } => {
            format!("{status} {}", workers.name(request))
        }
        Request { failed: Some(_), .. } => "no answer".into(),
        Request { started: Some(_), .. } => "works".into(),
        Request { sent: Some(_), .. } => "waits".into(),
        _ => String::new(),
    }
}

/// The column of a time.
fn scale(length: usize, span: u64) -> impl Fn(u64) -> usize {
    move |at| {
        let column = at.saturating_mul(length as u64) / span.max(1);
        (column as usize).min(length - 1)
    }
}

/// The lane itself, to the column of now.
fn lane(request: &Request, column: &impl Fn(u64) -> usize, now: u64) -> String {
    let Some(sent) = request.sent else { return String::new() };
    let end = request.answered.unwrap_or(now);
    let begun = match (request.started, request.answered) {
        (Some(started), _) => Some(column(started)),
        // Work that is not announced is over in no time.
        (None, Some(answered)) => Some(column(answered)),
        (None, None) => None,
    };
    let mut lane: String = (0..=column(end))
        .map(|at| match begun {
            _ if at < column(sent) => ' ',
            Some(begun) if at >= begun => WORKS,
            _ => WAITS,
        })
        .collect();
    if request.failed.is_some() {
        lane.pop();
        lane.push(FAILS);
    }
    lane
}

/// The times below the lanes: round ones, not too many.
fn axis(length: usize, span: u64) -> String {
    let least = span.saturating_mul(APART as u64) / length as u64;
    let step = round_up(least.max(1));
    let column = scale(length, span);
    let mut axis = String::new();
    for at in (0..span).step_by(step as usize) {
        let time = format!("{} s", at as f64 / 1e6);
        if column(at) + time.len() <= length {
            axis = pad_str(&axis, column(at), Alignment::Left, None).into();
            axis += &time;
        }
    }
    axis
}

/// The next of 1, 2, 5, 10, 20, 50 and so on.
fn round_up(number: u64) -> u64 {
    let mut unit = 1;
    loop {
        for step in [unit, 2 * unit, 5 * unit] {
            if step >= number {
                return step;
            }
        }
        unit *= 10;
    }
}
