//! The lanes, the events and the axis, as SVG.
//!
//! It is as narrow as a phone, so that its text can be read there: a label
//! stands above its bar, not beside it.

use std::fmt::Write;

use super::words::{self, seconds};
use super::{Trace, Workers, escape};
use crate::record::trace::{Event, Request, What};

/// All lengths are units of the view box, of which a phone shows about one
/// for each CSS pixel.
const WIDTH: f64 = 360.0;
/// Where the time begins and ends; a half of a line must have room.
const FROM: f64 = 3.0;
const TO: f64 = 357.0;
/// The size of all text.
const FONT: f64 = 13.0;
/// The width of a character: a bit more than that of an average one.
const CHARACTER: f64 = 0.62 * FONT;
/// From one lane to the next, and from its top to its parts.
const LANE: f64 = 42.0;
const LABEL: f64 = 14.0;
const BAR: f64 = 20.0;
const THICK: f64 = 12.0;
/// A part that takes no time would not be seen.
const SEEN: f64 = 2.5;
/// The events that are drawn if nothing tells them from other events; the
/// table has all of them.
const DRAWN: usize = 4;

/// Writes the picture.
pub fn write(html: &mut String, trace: &Trace, id: &str) {
    let drawn = drawn(&trace.events);
    let scale = Scale::of(trace, &drawn);
    let title = escape(&trace.title);
    let story = escape(&words::story(trace, &drawn));
    let lanes = LANE * trace.requests.len() as f64;
    let mut body = String::new();
    let mut y = 0.0;
    let workers = Workers::of(trace);
    for request in &trace.requests {
        lane(&mut body, request, &workers, &scale, y, id);
        y += LANE;
    }
    for event in drawn {
        y += happening(&mut body, event, &scale, y, lanes);
    }
    let axis = y + 4.0;
    let height = axis + 46.0;
    let _ = writeln!(
        html,
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-labelledby=\"{id}-title {id}-desc\" data-from=\"{FROM}\" \
         data-to=\"{TO}\" data-end=\"{}\" font-size=\"{FONT}\">\n\
         <title id=\"{id}-title\">{title}</title>\n\
         <desc id=\"{id}-desc\">{story}</desc>\n\
         <clipPath id=\"{id}-clip\"><rect class=\"clip\" width=\"{WIDTH}\" \
         height=\"{height}\"/></clipPath>",
        scale.end
    );
    scale.axis(html, axis);
    *html += &body;
    let _ = writeln!(
        html,
        "<line class=\"playhead\" x1=\"{TO}\" x2=\"{TO}\" y1=\"0\" \
         y2=\"{axis}\"/>"
    );
    legend(html, axis + 27.0);
    *html += "</svg>\n";
}

/// The events that a reader looks for: all if they are few, or else those that
/// the listing told a reason of.
fn drawn(events: &[Event]) -> Vec<&Event> {
    if events.len() <= DRAWN {
        return events.iter().collect();
    }
    let told = |event: &&Event| {
        event.what == What::Died
            && (event.signal.is_some() || event.code.is_some_and(|it| it != 0))
    };
    events.iter().filter(told).take(DRAWN).collect()
}

fn lane(
    svg: &mut String,
    request: &Request,
    workers: &Workers,
    scale: &Scale,
    y: f64,
    id: &str,
) {
    let Request { client, path, sent, started, answered, .. } = request;
    let begun = started.map_or(String::new(), |started| {
        format!(" data-started=\"{started}\"")
    });
    let by =
        format!("{} s, {}", scale.rounded(*answered), workers.name(request));
    let who = format!("{client} {path}");
    // The two labels share a line, and a space between them.
    let room = (WIDTH - width(&by) - 2.0 * CHARACTER) / CHARACTER;
    let (label, cut) = shortened(&who, room as usize);
    let hint = match cut {
        true => format!("<title>{}</title>", escape(&who)),
        false => String::new(),
    };
    let _ = write!(
        svg,
        "<g class=\"lane w{}\" data-sent=\"{sent}\"{begun} \
         data-answered=\"{answered}\" data-who=\"{}\">{}\
         <text class=\"who\" x=\"1\" y=\"{}\">{}</text>\
         <text class=\"by\" x=\"359\" y=\"{}\" text-anchor=\"end\">{}</text>\
         <g clip-path=\"url(#{id}-clip)\">",
        workers.colour(request),
        escape(&who),
        hint,
        y + LABEL,
        escape(&label),
        y + LABEL,
        escape(&by),
    );
    let (from, to) = (scale.x(*sent), scale.x(*answered));
    let middle = started.map_or(to, |started| scale.x(started));
    let top = y + BAR;
    if middle - from >= SEEN {
        let _ = write!(
            svg,
            "<rect class=\"waiting\" x=\"{from:.1}\" y=\"{}\" \
             width=\"{:.1}\" height=\"{}\"/>",
            top + 1.0,
            middle - from,
            THICK - 2.0
        );
    }
    if started.is_some() {
        let long = (to - middle).max(SEEN);
        let _ = write!(
            svg,
            "<rect class=\"running\" x=\"{middle:.1}\" y=\"{top}\" \
             width=\"{long:.1}\" height=\"{THICK}\"/>"
        );
    }
    let _ = writeln!(
        svg,
        "<path class=\"answered\" d=\"M{to:.1} {}v{}\"/></g></g>",
        top - 3.0,
        THICK + 6.0
    );
}

/// Draws an event and gives the height that it took.
fn happening(
    svg: &mut String,
    event: &Event,
    scale: &Scale,
    y: f64,
    lanes: f64,
) -> f64 {
    const ROW: f64 = 22.0;
    const GAP: f64 = 9.0;
    let text =
        format!("{} s: {}", scale.rounded(event.at), words::event(event));
    let x = scale.x(event.at);
    let wide = width(&text);
    // Beside its mark if there is room, or else below it.
    let (anchor, at, below) = if x + GAP + wide <= WIDTH {
        ("", x + GAP, 0.0)
    } else if x - GAP - wide >= 0.0 {
        (" text-anchor=\"end\"", x - GAP, 0.0)
    } else {
        ("", ((WIDTH - wide) / 2.0).max(0.0), 16.0)
    };
    let middle = y + 9.0;
    let _ = writeln!(
        svg,
        "<g class=\"event\" data-at=\"{}\" data-what=\"{}\">\
         <path class=\"when\" d=\"M{x:.1} 0V{lanes}\"/>\
         <path class=\"mark\" d=\"M{:.1} {}l8 8m0 -8l-8 8\"/>\
         <text x=\"{at:.1}\" y=\"{}\"{anchor}>{}</text></g>",
        event.at,
        escape(&words::event(event)),
        x - 4.0,
        middle - 4.0,
        middle + 4.5 + below,
        escape(&text)
    );
    ROW + below
}

fn legend(svg: &mut String, y: f64) {
    let base = y + 14.0;
    let _ = writeln!(
        svg,
        "<g class=\"legend\"><rect class=\"waiting\" x=\"3\" y=\"{}\" \
         width=\"26\" height=\"10\"/><text x=\"35\" y=\"{base}\">waiting</text>\
         <rect class=\"running\" x=\"113\" y=\"{}\" width=\"26\" \
         height=\"12\"/><text x=\"145\" y=\"{base}\">running</text>\
         <path class=\"answered\" d=\"M228 {}v18\"/>\
         <text x=\"236\" y=\"{base}\">answered</text></g>",
        y + 4.0,
        y + 3.0,
        y
    );
}

/// From microseconds to units.
struct Scale {
    end: u64,
    step: u64,
}

impl Scale {
    fn of(trace: &Trace, events: &[&Event]) -> Self {
        let answers = trace.requests.iter().map(|request| request.answered);
        let last = answers.chain(events.iter().map(|event| event.at)).max();
        // The end of the last bar stands a little before the edge.
        let end = last.unwrap_or_default().max(1000) / 50 * 51;
        let mut step = 1000;
        // 1, 2, 5, 10, 20, ...: at most eight parts.
        let mut factors = [2, 5, 10].iter().cycle();
        let mut base = step;
        while end / step > 8 {
            let factor = factors.next().expect("a cycle does not end");
            step = base * factor;
            if *factor == 10 {
                base = step;
            }
        }
        Self { end, step }
    }

    fn x(&self, at: u64) -> f64 {
        FROM + (TO - FROM) * at as f64 / self.end as f64
    }

    /// A time for a label: as exact as can be seen.
    fn rounded(&self, at: u64) -> String {
        let exact = seconds(at);
        if self.end < 1_000_000 {
            return exact;
        }
        let tenths = (at + 50_000) / 100_000;
        format!("{}.{}", tenths / 10, tenths % 10)
    }

    fn axis(&self, svg: &mut String, y: f64) {
        let _ = write!(
            svg,
            "<g class=\"axis\"><path d=\"M{FROM} {y}H{TO}\"/><path \
             class=\"grid\" d=\""
        );
        let marks: Vec<u64> = (0..=self.end / self.step).collect();
        for mark in &marks {
            let x = self.x(mark * self.step);
            let _ = write!(svg, "M{x:.1} 0V{}", y + 4.0);
        }
        *svg += "\"/>";
        for mark in &marks {
            let at = mark * self.step;
            let mut text = seconds(at);
            text.truncate(
                text.trim_end_matches('0').trim_end_matches('.').len(),
            );
            if mark == marks.last().unwrap_or(&0) {
                text += " s";
            }
            let half = width(&text) / 2.0;
            let (anchor, x) = match self.x(at) {
                x if x < half => ("start", 0.0),
                x if x + half > WIDTH => ("end", WIDTH),
                x => ("middle", x),
            };
            let _ = write!(
                svg,
                "<text x=\"{x:.1}\" y=\"{}\" text-anchor=\"{anchor}\">{text}\
                 </text>",
                y + 18.0
            );
        }
        *svg += "</g>\n";
    }
}

fn width(text: &str) -> f64 {
    text.chars().count() as f64 * CHARACTER
}

/// The text as far as it has room, and whether something is missing.
fn shortened(text: &str, room: usize) -> (String, bool) {
    if text.chars().count() <= room {
        return (text.to_owned(), false);
    }
    let kept: String = text.chars().take(room.saturating_sub(1)).collect();
    (kept + "…", true)
}
