//! Each page in each theme, on a screen and on a phone: it fits, it can be
//! read, it asks nobody else for anything, and there is little to load.

use std::collections::BTreeSet;
use std::fs;

use serde_json::json;

use crate::books::{Book, Page};
use crate::browser::Browser;
use crate::gzip::gzip;

const THEMES: [&str; 5] = ["light", "rust", "coal", "navy", "ayu"];

/// A laptop and a phone, in CSS pixels.
const WIDTHS: [u32; 2] = [1280, 360];

/// What a chapter may load, in bytes, as a server would compress it.
const FIRST_LOAD: usize = 400 * 1024;

#[test]
fn each_page_of_the_book_fits_and_loads_little_from_nobody_else() {
    let Some(browser) = Browser::start() else { return };
    let book = Book::real();
    let mut pages = book.pages();
    // The first chapter again.
    pages.retain(|page| page.file != "index.html");
    let shown: usize = { pages.iter() }
        .filter(|page| page.file != "print.html")
        .map(|page| page.figures.len())
        .sum();
    assert_eq!(shown, book.runs(), "each recorded run is on one page");
    let chapters = fs::read_to_string("book/SUMMARY.md").expect("a summary");
    assert!(pages.len() >= chapters.matches(".md)").count(), "too few");
    assert_eq!(all_complaints(&browser, &book, &pages), [""; 0]);
}

#[test]
fn made_up_runs_fit_and_load_little_from_nobody_else() {
    let Some(browser) = Browser::start() else { return };
    let book = Book::made_up();
    let mut pages = book.pages();
    pages.retain(|page| page.file != "404.html" && page.file != "index.html");
    let figures = pages.iter().map(|page| page.figures.len()).sum::<usize>();
    assert_eq!(figures, 2 * book.runs(), "each on its page and on paper");
    assert_eq!(all_complaints(&browser, &book, &pages), [""; 0]);
}

#[test]
fn what_is_wrong_with_a_page_is_found() {
    let Some(browser) = Browser::start() else { return };
    let book = Book::made_up();
    let url = format!("{}spoiled.html", book.url);
    let (file, name) = ("spoiled.html".to_owned(), "a page".to_owned());
    let page = Page { name, file, url, figures: vec![] };
    prepare(&browser);
    let found = from_others(&browser, &book, &page).join("\n");
    for wanted in [
        "a page asks for http://127.0.0.1:4/x.png",
        "a page asks for no file: missing.js",
        "a page says \"SEVERE\"",
        "TypeError",
        "a page loads 4",
    ] {
        assert!(found.contains(wanted), "{wanted}\n{found}");
    }
    browser.resize(360);
    let found = misfits(&browser, "a page", 360).join("\n");
    for wanted in [
        "a page: HTML is 2",
        "a page: DIV.box is 1",
        "a page: \"Small.\" is 10.0 pixels high",
        "a page: \"Small, and as wide as it is long.\" is 6.5 pixels high",
        "a page: \"Small, and as wide as it is long.\" lies on \"On",
        "a page: \"Outside\" leaves its picture",
    ] {
        assert!(found.contains(wanted), "{wanted}\n{found}");
    }
}

fn all_complaints(
    browser: &Browser,
    book: &Book,
    pages: &[Page],
) -> Vec<String> {
    prepare(browser);
    let mut found = Vec::new();
    for width in WIDTHS {
        browser.resize(width);
        for page in pages {
            found.extend(from_others(browser, book, page));
            for theme in THEMES {
                browser.theme(theme);
                let place = format!("{}, {theme}, {width} px", page.name);
                found.extend(misfits(browser, &place, width));
            }
            // A reader's first page has the first theme.
            browser.theme(THEMES[0]);
        }
    }
    // Without its script mdBook lays out a page in another way.
    browser.scripts(false);
    for page in pages {
        browser.open(&page.url);
        let place = format!("{}, no script, 360 px", page.name);
        found.extend(misfits(browser, &place, 360));
    }
    browser.scripts(true);
    found
}

/// Nothing is kept from page to page, and paper is left alone.
fn prepare(browser: &Browser) {
    let stub = json!({ "source": "window.print = () => {};" });
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", stub);
    let off = json!({ "cacheDisabled": true });
    browser.devtools("Network.setCacheDisabled", off);
    // What the browser itself did when it started.
    browser.requests();
    browser.console();
}

/// Loads the page, and says what is wrong with that.
fn from_others(browser: &Browser, book: &Book, page: &Page) -> Vec<String> {
    // The page before this one may have asked for another theme's style.
    browser.requests();
    browser.open(&page.url);
    let name = &page.name;
    let mut found = Vec::new();
    let mut loaded = 0;
    for url in BTreeSet::from_iter(browser.requests()) {
        let host = url.strip_prefix(&*book.url).or_else(|| {
            let url = url.strip_prefix("ws")?;
            url.strip_prefix(book.url.strip_prefix("http")?)
        });
        match host {
            // Live reload.
            Some(path) if path.starts_with("__") => {}
            Some(path) => match weight(book, path) {
                Some(bytes) => loaded += bytes,
                None => found.push(format!("{name} asks for no file: {path}")),
            },
            None if url.starts_with("data:") => {}
            None => found.push(format!("{name} asks for {url}")),
        }
    }
    if loaded > FIRST_LOAD && page.file != "print.html" {
        found.push(format!("{name} loads {loaded} bytes"));
    }
    assert!(loaded > 1024, "{name} loads {loaded} bytes: nothing was heard");
    let said = browser.console().into_iter();
    found.extend(said.map(|it| format!("{name} says {it}")));
    found
}

/// The bytes of a file, as a server would compress it.
fn weight(book: &Book, path: &str) -> Option<usize> {
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let bytes = fs::read(book.html.join(path)).ok()?;
    Some(gzip(&bytes))
}

/// What does not fit or can't be read on the page that is open.
fn misfits(browser: &Browser, place: &str, width: u32) -> Vec<String> {
    let said: Vec<String> = browser.ask(MISFITS, &json!([width]));
    said.into_iter().map(|it| format!("{place}: {it}")).collect()
}

/// mdBook clips a page that is too wide, or scrolls a box in it, so the
/// document itself may look as if it fitted.
const MISFITS: &str = "
    const found = [];
    const [width] = arguments;
    if (innerWidth !== width) {
        found.push(`the window is ${innerWidth} wide`);
    }
    const may = 'pre *, .scroll, .table-wrapper, #mdbook-sidebar *, \
        .menu-title, #mdbook-sidebar, svg *';
    for (const it of document.querySelectorAll('html, body, body *')) {
        const is_wide = it.scrollWidth > it.clientWidth && it.clientWidth;
        if (!is_wide || it.matches(may)) continue;
        const is_root = it === document.documentElement;
        if (is_root || getComputedStyle(it).overflowX !== 'visible') {
            const name = it.className ? `.${it.className}` : '';
            found.push(`${it.tagName}${is_root ? '' : name} is \
${it.scrollWidth} wide, of ${it.clientWidth}`);
        }
    }
    const quote = (it) => JSON.stringify(it.textContent.trim());
    for (const figure of document.querySelectorAll('figure.timeline')) {
        const svg = figure.querySelector('svg');
        for (const it of figure.querySelectorAll('*')) {
            const has_text = [...it.childNodes].some((child) =>
                child.nodeType === Node.TEXT_NODE && child.data.trim());
            if (!has_text || it.matches('title, desc')) continue;
            const scale = it instanceof SVGElement ? it.getScreenCTM().a : 1;
            const size = parseFloat(getComputedStyle(it).fontSize) * scale;
            if (size < 11) {
                found.push(`${quote(it)} is ${size.toFixed(1)} pixels high`);
            }
        }
        const labels = [...svg.querySelectorAll('text')]
            .filter((it) => getComputedStyle(it).visibility === 'visible')
            .map((it) => [it, it.getBBox()]);
        const view = svg.viewBox.baseVal;
        labels.forEach(([it, box], number) => {
            if (box.x < -1 || box.x + box.width > view.width + 1 ||
                box.y < -1 || box.y + box.height > view.height + 1) {
                found.push(`${quote(it)} leaves its picture`);
            }
            for (const [other, its] of labels.slice(number + 1)) {
                const apart = box.x + box.width <= its.x ||
                    its.x + its.width <= box.x ||
                    box.y + box.height <= its.y + 3 ||
                    its.y + its.height <= box.y + 3;
                if (!apart) {
                    found.push(`${quote(it)} lies on ${quote(other)}`);
                }
            }
        });
    }
    return found;";
