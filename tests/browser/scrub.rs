//! A reader moves through a run, by key, by mouse and by finger.

use serde_json::json;
use thirtyfour::Key;

use crate::books::Book;
use crate::browser::Browser;
use crate::figure::{Figure, State};

#[test]
fn a_reader_scrubs_by_key_by_mouse_and_by_finger() {
    let Some(browser) = Browser::start() else { return };
    let book = Book::made_up();
    browser.resize(360);
    browser.open(&format!("{}one.html", book.url));
    let figure = Figure::new(&browser, "blocked-two-clients");
    let scrubber = figure.css(".controls input");
    let at = |state: &State| state.now / state.end;

    browser.focus(&scrubber);
    browser.press(Key::Home);
    let start = figure.state();
    assert_eq!(start.now, 0.0);
    assert!(start.moving, "the playhead is seen");
    assert_eq!(start.output, "0.0 s");
    assert_eq!(start.status, "Running: nothing. Waiting: 1. Answered: 0 of 2.");
    browser.press(Key::PageUp);
    browser.press(Key::PageUp);
    let later = figure.state();
    assert!(0.15 < at(&later) && at(&later) < 0.25, "{later:?}");
    assert_eq!(later.output, "1.0 s");
    let words: String = browser.ask(
        "return document.querySelector(arguments[0])\
         .getAttribute('aria-valuetext');",
        &json!([scrubber]),
    );
    assert_eq!(words, "1.0 seconds", "what a screen reader says of it");
    browser.press(Key::Right);
    let right = figure.state();
    assert!(right.now > later.now, "{right:?}");
    browser.press(Key::Left);
    browser.press(Key::Left);
    assert!(figure.state().now < later.now);
    browser.press(Key::End);
    figure.is_whole();

    for window in [1280, 360] {
        browser.resize(window);
        // Somebody who takes hold of it stops what plays.
        figure.press();
        figure.until("it plays", |it| it.button == "Pause" && it.moving);
        let width = browser.width(&scrubber);
        assert!(width > 150.0, "{width} pixels are too few for a finger");
        // Chromium's thumb is 16 pixels wide, and its middle is what counts.
        let pixel = |part: f64| 8.0 + part * (width - 16.0);
        browser.click_at(&scrubber, pixel(0.75));
        let clicked = figure.state();
        assert_eq!(clicked.button, "Play");
        assert!((at(&clicked) - 0.75).abs() < 0.01, "{clicked:?}");
        let off = clicked.scrubber - at(&clicked);
        assert!(off.abs() < 0.003, "{clicked:?}");
        browser.frames(5);
        assert_eq!(figure.state(), clicked, "it stays there");
        browser.drag(&scrubber, pixel(0.75), pixel(0.4));
        let dragged = figure.state();
        assert!((at(&dragged) - 0.4).abs() < 0.01, "{dragged:?}");
        browser.slide(&scrubber, pixel(0.4), pixel(0.6));
        let slid = figure.state();
        assert!((at(&slid) - 0.6).abs() < 0.01, "{slid:?}");
        // Or what is under the mouse would move away while it is pressed.
        assert_eq!(browser.width(&scrubber), width, "its size, at {window}");
    }
}
