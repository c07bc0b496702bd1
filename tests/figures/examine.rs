//! What is wrong with a figure, in words.

use scraper::{ElementRef, Html, Selector};

/// The bytes that a figure may have.
const LONGEST: usize = 12 * 1024;

/// The width of a character, as a part of its height. No common sans-serif
/// font has wider text on average.
const CHARACTER: f64 = 0.62;

/// A phone has 360 CSS pixels, of which mdBook's margins take 40.
const PHONE: f64 = 320.0;

/// The CSS pixels that text must have there.
const READABLE: f64 = 11.0;

/// Everything that a reader or mdBook would stumble over.
pub fn problems(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut expect = |good: bool, problem: &str| {
        if !good {
            problems.push(problem.to_owned());
        }
    };
    expect(
        text.lines().all(|line| !line.trim().is_empty()),
        "an empty line ends it",
    );
    expect(text.len() <= LONGEST, "it is too long");
    expect(!text.contains("{{"), "mdBook would expand something in it");
    let html = Html::parse_fragment(text);
    expect(html.errors.is_empty(), "it is no proper HTML");
    let figures = select(&html, "figure.timeline");
    expect(figures.len() == 1, "it is not one figure");
    let Some(figure) = figures.first() else { return problems };
    let parts: Vec<&str> =
        figure.child_elements().map(|part| part.value().name()).collect();
    expect(
        parts == ["svg", "div", "details", "figcaption"],
        "its parts, or their order, are others",
    );
    let caption = all_text(&html, "figcaption");
    expect(caption.contains("recorded"), "it does not say that it is recorded");
    let date = caption.split_whitespace().any(|word| word == "2026;");
    expect(date, "it does not say when");

    let name = figure.value().id().unwrap_or_default();
    let mut ids: Vec<&str> =
        select(&html, "[id]").iter().filter_map(|it| it.value().id()).collect();
    expect(
        !name.is_empty() && ids.iter().all(|id| id.starts_with(name)),
        "an id belongs to another figure",
    );
    ids.sort_unstable();
    expect(ids.windows(2).all(|two| two[0] != two[1]), "an id stands twice");
    let refers = |id: &str| ids.contains(&id);
    let labels = attributes(&html, "svg", "aria-labelledby").join(" ");
    expect(
        labels.split(' ').count() == 2 && labels.split(' ').all(refers),
        "the picture has no name or no description",
    );
    for clip in attributes(&html, "[clip-path]", "clip-path") {
        let id = clip.trim_start_matches("url(#").trim_end_matches(')');
        expect(refers(id), "a clip is not there");
    }
    problems.extend(numbers(&html));
    problems.extend(places(&html));
    problems
}

/// Whether the table and the picture say the same.
fn numbers(html: &Html) -> Vec<String> {
    let mut problems = Vec::new();
    let lanes = select(html, "g.lane");
    let rows = select(html, "details table:first-of-type tbody tr");
    if lanes.is_empty() || lanes.len() != rows.len() {
        return vec!["lanes and rows are not as many".into()];
    }
    for (lane, row) in lanes.iter().zip(rows) {
        let cells: Vec<String> =
            row.child_elements().map(|it| it.text().collect()).collect();
        let columns =
            [("data-sent", 3), ("data-started", 4), ("data-answered", 5)];
        for (attribute, column) in columns {
            let drawn = match lane.value().attr(attribute) {
                Some(micros) => seconds(micros),
                None => "not said".into(),
            };
            if cells.get(column) != Some(&drawn) {
                problems.push(format!("{attribute} is not in its cell"));
            }
        }
        let by: String = lane
            .child_elements()
            .filter(|it| it.attr("class") == Some("by"))
            .flat_map(|it| it.text())
            .collect();
        if !cells.get(7).is_some_and(|worker| by.ends_with(worker)) {
            problems.push("a lane does not say who worked".into());
        }
    }
    let happened = all_text(html, "details table:nth-of-type(2)");
    for at in attributes(html, "g.event", "data-at") {
        if !happened.contains(&seconds(at)) {
            problems.push("an event is not in the table".into());
        }
    }
    problems
}

/// Whether all text is inside of the picture, large enough, and alone.
fn places(html: &Html) -> Vec<String> {
    let mut problems = Vec::new();
    let number = |element: &ElementRef, name: &str| {
        let value = element.value().attr(name).unwrap_or("nothing");
        value.parse::<f64>().unwrap_or(f64::NAN)
    };
    let Some(svg) = select(html, "svg").pop() else {
        return vec!["there is no picture".into()];
    };
    let view: Vec<f64> = svg
        .value()
        .attr("viewBox")
        .into_iter()
        .flat_map(|view| view.split(' ').filter_map(|it| it.parse().ok()))
        .collect();
    let [_, _, width, height] = view[..] else {
        return vec!["the picture has no size".into()];
    };
    let font = number(&svg, "font-size");
    if (font * PHONE / width).partial_cmp(&READABLE).is_none_or(|it| it.is_lt())
    {
        problems.push("the text is too small on a phone".into());
    }
    let mut boxes: Vec<(f64, f64, f64)> = Vec::new();
    for text in select(html, "svg text") {
        let content: String = text.text().collect();
        let wide = content.chars().count() as f64 * font * CHARACTER;
        let (x, y) = (number(&text, "x"), number(&text, "y"));
        let left = match text.value().attr("text-anchor") {
            Some("end") => x - wide,
            Some("middle") => x - wide / 2.0,
            _ => x,
        };
        // A tenth is what the rounding of a position takes.
        let inside = left >= -0.1 && left + wide <= width + 0.1;
        if !(inside && y >= font && y + 0.3 * font <= height) {
            problems.push(format!("{content} leaves the picture"));
        }
        let meets = |it: &(f64, f64, f64)| {
            (it.2 - y).abs() < font && it.0 < left + wide && left < it.1
        };
        if boxes.iter().any(meets) {
            problems.push(format!("{content} lies on other text"));
        }
        boxes.push((left, left + wide, y));
    }
    problems
}

/// Microseconds as the table has them.
fn seconds(micros: &str) -> String {
    let micros: u64 = micros.parse().unwrap_or(u64::MAX / 2);
    let millis = (micros + 500) / 1000;
    format!("{}.{:03}", millis / 1000, millis % 1000)
}

pub fn select<'a>(html: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    let selector = Selector::parse(selector).expect("a selector");
    html.select(&selector).collect()
}

pub fn all_text(html: &Html, selector: &str) -> String {
    select(html, selector).iter().flat_map(|it| it.text()).collect()
}

pub fn attributes<'a>(
    html: &'a Html,
    selector: &str,
    name: &str,
) -> Vec<&'a str> {
    let elements = select(html, selector);
    elements.iter().filter_map(|it| it.value().attr(name)).collect()
}
