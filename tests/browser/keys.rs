//! mdBook turns the page on an arrow.

use thirtyfour::Key;

use crate::books::Book;
use crate::browser::Browser;
use crate::figure::Figure;

#[test]
fn arrows_turn_the_page_but_not_from_within_a_figure() {
    let Some(browser) = Browser::start() else { return };
    let book = Book::made_up();
    // The one in the middle, which has a page on each side.
    let page = format!("{}two.html", book.url);
    browser.open(&page);
    let figure = Figure::new(&browser, "cluster-worker-killed");
    let all = [
        ".controls button",
        ".controls input",
        ".controls select",
        ".bet input",
        ".bet button",
        ".bet summary",
        "details:not(.bet) summary",
    ];
    for css in all {
        for key in [Key::Right, Key::Left] {
            browser.focus(&figure.css(css));
            browser.press(key);
            browser.frames(2);
            assert_eq!(browser.url(), page, "{css} lets an arrow turn it");
        }
    }
    // Also from the box around the table, which scrolls on a phone.
    browser.resize(320);
    browser.click(&figure.css("details:not(.bet) summary"));
    browser.focus(&figure.css(".scroll"));
    browser.press(Key::Right);
    browser.frames(2);
    assert_eq!(browser.url(), page, "the table lets an arrow turn it");

    // Elsewhere it does what mdBook says.
    for (key, target) in [(Key::Right, "three"), (Key::Left, "one")] {
        browser.open(&page);
        browser.press(key);
        let target = format!("{}{target}.html", book.url);
        browser.until("another page", || browser.url() == target);
    }
}
