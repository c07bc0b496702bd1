//! A reader bets before the run is seen.

use serde_json::json;
use thirtyfour::Key;

use crate::books::Book;
use crate::browser::Browser;
use crate::figure::Figure;

#[test]
fn a_bet_is_judged_by_the_run_and_forgotten() {
    let Some(browser) = Browser::start() else { return };
    let book = Book::made_up();
    let page = format!("{}one.html", book.url);
    browser.open(&page);
    let figure = Figure::new(&browser, "blocked-two-clients");
    let seen = |css: &str| -> bool {
        browser.ask(
            "return getComputedStyle(document.querySelector(arguments[0]))\
             .visibility === 'visible';",
            &json!([figure.css(css)]),
        )
    };
    let fast = ".lane:has(.bet-mark)";

    // Until something moves, nothing tells the answer.
    let before = figure.state();
    assert_eq!((&*before.said, &*before.verdict), ("no bet yet", ""));
    assert_eq!((&*before.output, before.hidden), ("", 1), "{before:?}");
    assert!(seen(&format!("{fast} .unknown")), "a ? in its place");
    assert!(!seen(&format!("{fast} .waiting")), "its bar is the answer");
    assert!(!seen(".bet-mark"), "nobody has bet");

    // With the keyboard alone.
    browser.focus(&figure.css(".bet input"));
    for _ in 0..3 {
        browser.press(Key::Left);
    }
    let placed = figure.state();
    let bet: f64 = seconds(&placed.said);
    // From the middle of what is left after its request.
    assert!((bet - (1.0 + 5.1) / 2.0 + 0.3).abs() <= 0.11, "{placed:?}");
    assert!(seen(".bet-mark"), "the bet is seen");
    assert!(!seen(&format!("{fast} .waiting")), "the answer is not");
    browser.press(Key::Right);
    let moved = seconds(&figure.state().said);
    assert!((moved - bet - 0.1).abs() < 0.01, "{bet} and then {moved}");

    browser.focus(&figure.css(".bet button"));
    browser.press(Key::Enter);
    let judged = figure.state();
    let words = format!(
        "You said {moved:.1} s, and the answer came at 5.0 s: {:.1} seconds \
         later than you thought.",
        5.0 - moved
    );
    assert_eq!(judged.verdict, words);
    assert!(seen(&format!("{fast} .waiting")) && seen(".bet-mark"));
    assert!(!seen(&format!("{fast} .unknown")));
    figure.is_whole();

    // It remembers nothing.
    browser.open(&page);
    assert_eq!(figure.state(), before);
    let kept: usize = browser.ask(
        "return Object.keys(localStorage)\
         .filter((key) => !key.startsWith('mdbook-')).length \
         + sessionStorage.length;",
        &json!([]),
    );
    assert_eq!(kept, 0, "the storage keeps something");

    // With the mouse, and right: to the end of the range.
    let range = figure.css(".bet input");
    let width = browser.width(&range);
    browser.click_at(&range, width - 6.0);
    // Or what is under the mouse would move away while it is pressed.
    assert_eq!(browser.width(&range), width, "the range changes its size");
    assert_eq!(figure.state().verdict, "", "not before it is seen");
    figure.hurry(3);
    figure.press();
    let end = figure.until("the verdict", |it| !it.verdict.is_empty());
    assert!(end.verdict.ends_with("5.0 s: you were right."), "{end:?}");

    // Nobody must bet.
    browser.open(&page);
    browser.click(&figure.css(".bet button"));
    let words = "No bet: the answer came at 5.0 s.";
    assert_eq!(figure.state().verdict, words);
    figure.is_whole();
}

fn seconds(text: &str) -> f64 {
    let number = text.strip_suffix(" s").and_then(|it| it.parse().ok());
    number.unwrap_or_else(|| panic!("no seconds: {text:?}"))
}
