//! What a reader does with a browser: looks, presses, prints, chooses.

use serde_json::{Value, json};
use thirtyfour::prelude::*;

use crate::browser::Browser;

impl Browser {
    /// Waits until the page had this many chances to change something.
    #[track_caller]
    pub fn frames(&self, count: u32) {
        let script = "const [count, done] = arguments; let left = count; \
             const next = () => left-- ? requestAnimationFrame(next) : done(); \
             next();";
        let asked = self.driver().execute_async(script, vec![json!(count)]);
        self.wait(asked);
    }

    /// Makes the page this wide, in CSS pixels: no window is so narrow.
    #[track_caller]
    pub fn resize(&self, width: u32) {
        let metrics = json!({
            "width": width, "height": 800, "deviceScaleFactor": 1,
            "mobile": false,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics);
    }

    /// Has the page think of another medium, or that the reader prefers
    /// something.
    #[track_caller]
    pub fn pretend(&self, medium: &str, features: Value) {
        let media = json!({ "media": medium, "features": features });
        self.devtools("Emulation.setEmulatedMedia", media);
    }

    /// Lets the pages that are opened from now on run their scripts, or not.
    #[track_caller]
    pub fn scripts(&self, may: bool) {
        let off = json!({ "value": !may });
        self.devtools("Emulation.setScriptExecutionDisabled", off);
    }

    /// Chooses a theme of mdBook's, as its button does.
    #[track_caller]
    pub fn theme(&self, theme: &str) {
        let script = "
            document.getElementById(`mdbook-theme-${arguments[0]}`).click();
            return document.documentElement.classList.contains(arguments[0]);";
        let is_it: bool = self.ask(script, &json!([theme]));
        assert!(is_it, "the theme is not {theme}");
    }

    #[track_caller]
    fn find(&self, css: &str) -> WebElement {
        self.wait(self.driver().find(By::Css(css)))
    }

    /// Clicks with the mouse, where the reader would.
    #[track_caller]
    pub fn click(&self, css: &str) {
        let element = self.find(css);
        self.wait(element.scroll_into_view());
        self.wait(element.click());
    }

    /// The place in the window of an element's point, so many pixels from its
    /// left edge.
    #[track_caller]
    fn point(&self, css: &str, x: f64) -> (i64, i64) {
        let script = "
            const it = document.querySelector(arguments[0]);
            it.scrollIntoView({ block: 'center', behavior: 'instant' });
            const box = it.getBoundingClientRect();
            return [box.x + arguments[1], box.y + box.height / 2];";
        let (x, y): (f64, f64) = self.ask(script, &json!([css, x]));
        (x.round() as i64, y.round() as i64)
    }

    /// How wide an element is, in CSS pixels.
    #[track_caller]
    pub fn width(&self, css: &str) -> f64 {
        let script = "return document.querySelector(arguments[0])\
             .getBoundingClientRect().width;";
        self.ask(script, &json!([css]))
    }

    /// Clicks into an element, this many pixels from its left edge.
    #[track_caller]
    pub fn click_at(&self, css: &str, x: f64) {
        self.drag(css, x, x);
    }

    /// Presses the mouse there, moves it, and lets go.
    #[track_caller]
    pub fn drag(&self, css: &str, from: f64, to: f64) {
        let (from, y) = self.point(css, from);
        let (to, _) = self.point(css, to);
        let chain = self.driver().action_chain().move_to(from, y);
        let chain = chain.click_and_hold().move_to(to, y).release();
        self.wait(chain.perform());
    }

    /// The same with a finger.
    #[track_caller]
    pub fn slide(&self, css: &str, from: f64, to: f64) {
        let touch = |kind: &str, points: Value| {
            let given = json!({ "type": kind, "touchPoints": points });
            self.devtools("Input.dispatchTouchEvent", given);
        };
        let (from, y) = self.point(css, from);
        let (to, _) = self.point(css, to);
        touch("touchStart", json!([{ "x": from, "y": y }]));
        for x in [(from + to) / 2, to] {
            touch("touchMove", json!([{ "x": x, "y": y }]));
        }
        touch("touchEnd", json!([]));
    }

    /// Presses a key, wherever the focus is.
    #[track_caller]
    pub fn press(&self, key: Key) {
        let chain = self.driver().action_chain();
        self.wait(chain.key_down(key.clone()).key_up(key).perform());
    }

    /// Moves the focus there, as the Tab key does.
    #[track_caller]
    pub fn focus(&self, css: &str) {
        let is_there: bool = self.ask(
            "const it = document.querySelector(arguments[0]); it.focus(); \
             return document.activeElement === it;",
            &json!([css]),
        );
        assert!(is_there, "{css} takes no focus");
    }

    /// The picture of an element, as PNG in base 64.
    #[track_caller]
    pub fn picture(&self, css: &str) -> String {
        let script = "
            // Away from mdBook's bar, which stays on the window's top.
            scrollTo({ top: 0, behavior: 'instant' });
            const box = document.querySelector(arguments[0])
                .getBoundingClientRect();
            return {
                x: box.x + scrollX, y: box.y + scrollY,
                width: box.width, height: box.height, scale: 1,
            };";
        let clip: Value = self.ask(script, &json!([css]));
        let given = json!({ "clip": clip, "captureBeyondViewport": true });
        let picture = self.devtools("Page.captureScreenshot", given);
        picture["data"].as_str().expect("a picture").to_owned()
    }

    /// Prints the page, as PDF.
    #[track_caller]
    pub fn print(&self) {
        self.wait(self.driver().print_page(Default::default()));
    }
}
