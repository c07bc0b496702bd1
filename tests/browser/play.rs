//! A run is played, paused and watched.

use serde_json::{Value, json};
use unblocked::record::figure::html;

use crate::books::Book;
use crate::browser::Browser;
use crate::figure::Figure;
use crate::traces;

#[test]
fn a_run_plays_when_asked_and_ends_in_the_finished_picture() {
    let Some(browser) = Browser::start() else { return };
    let book = Book::made_up();
    let file = format!("file://{}/", book.html.display());
    for from in [&book.url, &file] {
        browser.open(&format!("{from}one.html"));
        let figure = Figure::new(&browser, "blocked-two-clients");
        // By itself it does nothing, for however long.
        let before = figure.state();
        browser.frames(20);
        assert_eq!(figure.state(), before, "{from} plays by itself");
        assert_eq!((&*before.button, &*before.status), ("Play", ""), "{from}");
        assert!(!before.moving && before.now == before.end, "{from}");

        figure.press();
        let playing = figure.until("it plays", |it| it.now < it.end);
        assert_eq!(playing.button, "Pause", "{from}");
        assert!(playing.moving && playing.shown < playing.width, "{from}");
        let off = playing.scrubber - playing.now / playing.end;
        // The scrubber has its places, and the picture its pixels.
        assert!(off.abs() <= 0.003, "{from}: {playing:?}");
        let unfinished = figure.picture();
        // It may be hurried on its way.
        figure.hurry(3);

        let end = figure.until("its end", |it| it.now == it.end);
        figure.is_whole();
        assert_eq!((&*end.button, end.scrubber), ("Play", 1.0), "{from}");
        assert_eq!(end.output, "5.0 s", "{from}");
        let finished = figure.picture();
        let pristine = figure.pristine(&html(&traces::blocked()));
        assert!(finished == pristine, "{from}: not as it was");
        assert!(unfinished != pristine, "pictures differ, or this is no test");
    }
}

#[test]
fn a_paused_run_stays_and_goes_on_from_there() {
    let Some(browser) = Browser::start() else { return };
    let book = Book::made_up();
    browser.open(&format!("{}three.html", book.url));
    // It takes a minute, so nobody presses too late.
    let figure = Figure::new(&browser, "crowded");
    figure.press();
    figure.until("it plays", |it| 0.0 < it.now && it.now < it.end);
    figure.press();
    let paused = figure.state();
    assert_eq!(paused.button, "Play");
    assert!(0.0 < paused.now && paused.now < paused.end, "{paused:?}");
    browser.frames(20);
    assert_eq!(figure.state(), paused, "it goes on");

    figure.press();
    let on = figure.until("it goes on", |it| it.now != paused.now);
    assert!(on.now > paused.now, "from {} to {}", paused.now, on.now);
    assert!(on.now < on.end, "it did not jump: {on:?}");

    // A key is as good as the mouse.
    browser.focus(&figure.css(".controls button"));
    browser.press(thirtyfour::Key::Space);
    let paused = figure.state();
    browser.frames(20);
    assert_eq!(figure.state(), paused, "it goes on after Space");
}

#[test]
fn the_status_tells_events_in_words_and_nothing_else() {
    let Some(browser) = Browser::start() else { return };
    let book = Book::made_up();
    browser.open(&format!("{}two.html", book.url));
    let figure = Figure::new(&browser, "cluster-worker-killed");
    let watch = "
        const status = document.querySelector(arguments[0]);
        window.heard = [];
        new MutationObserver(() => heard.push(status.textContent))
            .observe(status, { childList: true, characterData: true,
                subtree: true });";
    let status = figure.css(".controls [role=status]");
    browser.ask::<Value>(watch, &json!([status]));
    figure.hurry(3);
    figure.press();
    figure.until("its end", |it| it.button == "Play" && it.now == it.end);
    let heard: Vec<String> = browser.ask("return heard;", &json!([]));
    // All that can be heard, in order. Two that come within one frame are
    // heard as one.
    let all = [
        "Running: nothing. Waiting: 1. Answered: 0 of 4.",
        "Running: nothing. Waiting: 0. Answered: 1 of 4.",
        "Running: nothing. Waiting: 1. Answered: 1 of 4.",
        "Running: nothing. Waiting: 0. Answered: 2 of 4.",
        "Running: nothing. Waiting: 0. Answered: 2 of 4. \
         pid 6002 died: SIGKILL.",
        "Running: nothing. Waiting: 1. Answered: 2 of 4.",
        "Running: C /block-server. Waiting: 0. Answered: 2 of 4.",
        "Running: C /block-server. Waiting: 1. Answered: 2 of 4.",
        "Running: nothing. Waiting: 1. Answered: 3 of 4.",
        "Running: nothing. Waiting: 0. Answered: 4 of 4.",
    ];
    let mut left = all.iter();
    for one in &heard {
        assert!(left.any(|it| it == one), "{one:?} in {heard:#?}");
    }
    // These last for a second of the run at least.
    for long in [1, 3, 4, 6, 7] {
        assert!(heard.iter().any(|it| it == all[long]), "{heard:#?}");
    }
    assert_eq!(heard.last().map(|it| &**it), all.last().copied());
}

#[test]
fn figures_on_one_page_do_not_disturb_each_other() {
    let Some(browser) = Browser::start() else { return };
    let book = Book::made_up();
    browser.open(&format!("{}one.html", book.url));
    let one = Figure::new(&browser, "blocked-two-clients");
    let other = Figure::new(&browser, "fork-ten-clients");
    let before = other.state();
    one.press();
    one.until("it plays", |it| it.now < it.end);
    assert_eq!(other.state(), before, "it moved with the other one");
    one.hurry(3);
    one.until("its end", |it| it.now == it.end);
    assert_eq!(other.state(), before, "it moved with the other one");

    // Paper takes all chapters at once, and asks for a printer.
    let stub = "window.print = () => { window.printed = true; };";
    let script = json!({ "source": stub });
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", script);
    for book in [book, Book::real()] {
        let pages = book.pages();
        let print = pages.iter().find(|page| page.file == "print.html");
        let print = print.expect("a page for printing");
        browser.open(&print.url);
        browser.until("print.html prints", || {
            browser.ask("return window.printed === true;", &json!([]))
        });
        assert_eq!(print.figures.len(), book.runs(), "{}", print.name);
        let figures: Vec<_> = { print.figures.iter() }
            .map(|id| Figure { browser: &browser, id: id.clone() })
            .collect();
        for figure in &figures {
            figure.hurry(3);
            figure.press();
        }
        for figure in &figures {
            let end = figure
                .until("its end", |it| it.button == "Play" && it.now == it.end);
            figure.is_whole();
            assert!(end.status.starts_with("Running: "), "{end:?}");
        }
    }
}
