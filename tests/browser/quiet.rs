//! Readers without motion, without a script, or without a screen.

use serde_json::{Value, json};

use crate::books::Book;
use crate::browser::Browser;
use crate::figure::Figure;

#[test]
fn who_wants_no_motion_steps_from_event_to_event() {
    let Some(browser) = Browser::start() else { return };
    let book = Book::made_up();
    let still =
        json!([{ "name": "prefers-reduced-motion", "value": "reduce" }]);
    browser.pretend("", still.clone());
    browser.open(&format!("{}one.html", book.url));
    let figure = Figure::new(&browser, "blocked-two-clients");
    assert_eq!(figure.state().button, "Next event");
    // A trace's own moments: sent, started, sent, answered, answered.
    let steps = [
        ("0.0 s", "Running: nothing. Waiting: 1. Answered: 0 of 2."),
        ("0.0 s", "Running: A /block-server. Waiting: 0. Answered: 0 of 2."),
        ("1.0 s", "Running: A /block-server. Waiting: 1. Answered: 0 of 2."),
        ("5.0 s", "Running: nothing. Waiting: 1. Answered: 1 of 2."),
        ("5.0 s", "Running: nothing. Waiting: 0. Answered: 2 of 2."),
    ];
    // And from the beginning again.
    for (output, status) in steps.iter().chain(&steps[..2]) {
        figure.press();
        let state = figure.state();
        assert_eq!((&*state.output, &*state.status), (*output, *status));
        assert_eq!(state.button, "Next event");
        browser.frames(5);
        assert_eq!(figure.state(), state, "it moves");
        if status.contains("2 of 2") {
            figure.is_whole();
        }
    }

    // Who says so while it plays is heard at once.
    browser.pretend("", json!([]));
    figure.press();
    figure.until("it plays", |it| it.button == "Pause");
    browser.pretend("", still);
    figure.until("it pauses", |it| it.button == "Next event");
    let paused = figure.state();
    browser.frames(10);
    assert_eq!(figure.state(), paused, "it moves");
}

/// The rows of the tables of the two figures: heads, requests, events.
const ROWS: [u32; 2] = [1 + 2, 1 + 10 + 1 + 20];

/// What is seen of each figure of a page: the controls, the bet, what is
/// clipped or hidden, and the table's rows.
const SEEN: &str = "
    const all = [...document.querySelectorAll('figure.timeline')];
    const seen = (it) => it.checkVisibility({ visibilityProperty: true });
    return all.map((figure) => {
        const many = (css) => [...figure.querySelectorAll(css)];
        return {
            controls: many('.controls, .controls *, .bet, .bet-mark, \
                .unknown, .playhead').filter(seen).length,
            clipped: many('.lane > g').filter((it) =>
                getComputedStyle(it).clipPath !== 'none' &&
                Number(figure.querySelector('.clip').getAttribute('width'))
                    !== figure.querySelector('svg').viewBox.baseVal.width)
                .length,
            hidden: many('.lane > g > *, svg .who, .by, .event, .legend *')
                .filter((it) => !seen(it)).length,
            rows: many('table tr').filter(seen).length,
        };
    });";

#[test]
fn without_a_script_and_on_paper_a_figure_is_whole() {
    let Some(browser) = Browser::start() else { return };
    let book = Book::made_up();
    let page = format!("{}one.html", book.url);
    let whole = |rows: [u32; 2]| {
        let [one, two] = rows.map(|rows| {
            json!({ "controls": 0, "clipped": 0, "hidden": 0, "rows": rows })
        });
        json!([one, two])
    };
    let seen = || browser.ask::<Value>(SEEN, &json!([]));
    let open = "document.querySelectorAll('figure.timeline details')\
         .forEach((it) => { it.open = true; });";

    // With the script, there is something to see of it: or this is no test.
    browser.open(&page);
    assert_ne!(seen()[0]["controls"], 0);
    assert_ne!(seen()[0]["hidden"], 0, "the bet hides the answer");

    browser.scripts(false);
    browser.open(&page);
    assert_eq!(seen(), whole([0, 0]), "without a script");
    browser.ask::<()>(open, &json!([]));
    assert_eq!(seen(), whole(ROWS), "without a script, opened");
    browser.scripts(true);

    // On paper: before anything, in the middle of a run, and after a bet.
    let figure = Figure::new(&browser, "blocked-two-clients");
    for theme in ["light", "navy"] {
        browser.open(&page);
        browser.theme(theme);
        browser.pretend("print", json!([]));
        assert_eq!(seen(), whole(ROWS), "printed in {theme}, at rest");
        browser.pretend("", json!([]));
        browser.focus(&figure.css(".bet input"));
        browser.press(thirtyfour::Key::Left);
        figure.press();
        figure.until("it plays", |it| 0.0 < it.now && it.now < it.end);
        figure.press();
        browser.pretend("print", json!([]));
        assert_eq!(seen(), whole(ROWS), "printed in {theme}, half-way");
        let paper: Value = browser.ask(COLOURS, &json!([figure.id]));
        let black = "rgb(0, 0, 0)";
        assert_eq!(paper, json!(["rgb(255, 255, 255)", black, black]));
        browser.pretend("", json!([]));
    }

    // Nobody scrolls on paper, and one of these tables is too wide.
    browser.open(&format!("{}two.html", book.url));
    browser.click("#timeline-workers-odd-name .numbers summary");
    let cut = || browser.ask::<usize>(CUT, &json!([]));
    assert_eq!(cut(), 1, "or this is no test");
    browser.pretend("print", json!([]));
    assert_eq!(cut(), 0, "a table is cut off");
    browser.pretend("", json!([]));

    // A real print: the run is over, though it takes a minute, and what was
    // closed closes again.
    browser.open(&format!("{}three.html", book.url));
    let figure = Figure::new(&browser, "crowded");
    figure.press();
    figure.until("it plays", |it| 0.0 < it.now && it.now < it.end);
    browser.print();
    assert_eq!(figure.state().button, "Play");
    figure.is_whole();
    assert_eq!(seen()[1]["rows"], 0, "the table stays open");
}

/// The tables that are wider than their box.
const CUT: &str = "
    const boxes = [...document.querySelectorAll('figure.timeline .scroll')];
    return boxes.filter((it) => it.scrollWidth > it.clientWidth).length;";

/// The colours of the paper and of what stands on it.
const COLOURS: &str = "
    const figure = document.getElementById(arguments[0]);
    const text = figure.querySelector('svg text');
    const caption = figure.querySelector('figcaption');
    return [getComputedStyle(figure).backgroundColor,
        getComputedStyle(text).fill, getComputedStyle(caption).color];";
