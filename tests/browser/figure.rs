//! A figure on the page that is open.

use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::process::HANG;

/// A figure, by its id.
pub struct Figure<'a> {
    pub browser: &'a Browser,
    pub id: String,
}

/// What a reader sees of a figure. Times are microseconds of the run.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct State {
    /// The moment that the playhead is at, and the last one.
    pub now: f64,
    pub end: f64,
    /// Where the scrubber stands, from 0 to 1.
    pub scrubber: f64,
    /// How much of the width is not clipped.
    pub shown: f64,
    pub width: f64,
    /// Whether the playhead is seen.
    pub moving: bool,
    pub button: String,
    pub output: String,
    pub status: String,
    /// The labels that are not seen, of lanes and of events.
    pub hidden: usize,
    /// The bet's words; empty if there is none.
    pub said: String,
    pub verdict: String,
}

const STATE: &str = "
    const figure = document.getElementById(arguments[0]);
    const one = (css) => figure.querySelector(css);
    const text = (css) => one(css) ? one(css).textContent : '';
    const svg = one('svg');
    const scrubber = one('.controls input');
    const from = Number(svg.dataset.from);
    const to = Number(svg.dataset.to);
    const x = Number(one('.playhead').getAttribute('x1'));
    const seen = (it) => getComputedStyle(it).visibility === 'visible';
    const labels = [...svg.querySelectorAll('.by, .event')];
    return {
        now: (x - from) / (to - from) * Number(svg.dataset.end),
        end: Number(svg.dataset.end),
        scrubber: Number(scrubber.value) / Number(scrubber.max),
        shown: Number(one('.clip').getAttribute('width')),
        width: svg.viewBox.baseVal.width,
        moving: getComputedStyle(one('.playhead')).display !== 'none',
        button: text('.controls button'),
        output: text('.controls output'),
        status: text('.controls [role=status]'),
        hidden: labels.filter((it) => !seen(it)).length,
        said: text('.bet output'),
        verdict: text('.bet [role=status]'),
    };";

impl<'a> Figure<'a> {
    pub fn new(browser: &'a Browser, scenario: &str) -> Self {
        Figure { browser, id: format!("timeline-{scenario}") }
    }

    /// A selector of something in it.
    pub fn css(&self, css: &str) -> String {
        format!("#{} {css}", self.id)
    }

    #[track_caller]
    pub fn state(&self) -> State {
        self.browser.ask(STATE, &json!([self.id]))
    }

    /// Clicks the button that plays, pauses or steps.
    #[track_caller]
    pub fn press(&self) {
        self.browser.click(&self.css(".controls button"));
    }

    /// Chooses how fast it plays: this option, counted from 1.
    #[track_caller]
    pub fn hurry(&self, option: usize) {
        let css = format!(".controls option:nth-child({option})");
        self.browser.click(&self.css(&css));
    }

    #[track_caller]
    pub fn until(&self, what: &str, is_so: impl Fn(&State) -> bool) -> State {
        let deadline = Instant::now() + HANG;
        loop {
            let state = self.state();
            if is_so(&state) {
                return state;
            }
            let id = &self.id;
            let late = Instant::now() > deadline;
            assert!(!late, "waited for {what}, {id}, in vain: {state:?}");
            // Asking takes time from the page.
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Its picture, without what the script added.
    #[track_caller]
    pub fn picture(&self) -> String {
        self.browser.picture(&self.css("svg"))
    }

    /// The picture that the page came with, in the place of this one: what
    /// the script did is gone, and so is the figure's use.
    #[track_caller]
    pub fn pristine(&self, html: &str) -> String {
        let script = "
            const [id, html] = arguments;
            const page = new DOMParser().parseFromString(html, 'text/html');
            const fresh = page.querySelector('svg');
            document.querySelector(`#${id} svg`).replaceWith(fresh);";
        self.browser.ask::<Value>(script, &json!([self.id, html]));
        self.picture()
    }

    /// That it is finished: nothing is clipped, nothing is hidden.
    #[track_caller]
    pub fn is_whole(&self) {
        let state = self.state();
        assert!(!state.moving, "{}: {state:?}", self.id);
        assert_eq!(state.shown, state.width, "{}: {state:?}", self.id);
        assert_eq!(state.hidden, 0, "{}: {state:?}", self.id);
    }
}
