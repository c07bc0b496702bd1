//! A real browser, and what a reader does with it.

use std::env;
use std::future::Future;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::ChromeCapabilities;
use thirtyfour::prelude::*;
use tokio::runtime::{Builder, Runtime};

use crate::process::{Group, HANG};

/// What a browser does by itself when it starts, and nobody here asks for.
const FLAGS: [&str; 12] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-breakpad",
    "--disable-crash-reporter",
    "--hide-scrollbars",
];

/// A headless Chromium with a profile of its own. All methods panic if the
/// browser can't do what they ask for.
pub struct Browser {
    driver: Option<WebDriver>,
    runtime: Runtime,
    pub group: Group,
    /// Whatever the browser writes goes here.
    profile: TempDir,
}

impl Browser {
    /// Starts it, unless there is none on this machine, which is said loudly.
    /// In CI that is a failure: there, it must be installed.
    #[track_caller]
    pub fn start() -> Option<Self> {
        if is_missing() {
            return None;
        }
        let profile = tempfile::tempdir().expect("a temporary folder");
        let mut command = Command::new("chromedriver");
        command
            .args(["--port=0", "--allowed-ips=127.0.0.1"])
            .env("HOME", profile.path())
            .env("TMPDIR", profile.path())
            .env_remove("DISPLAY")
            .stderr(Stdio::null());
        let (group, port) = Group::start(&mut command, port);
        // With one thread of its own a failing assertion would wait for ever
        // for the end of the session.
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let mut browser = Browser { driver: None, runtime, group, profile };
        let url = format!("http://127.0.0.1:{port}");
        let capabilities = browser.capabilities();
        let driver = browser.wait(WebDriver::new(url, capabilities));
        browser.driver = Some(driver);
        Some(browser)
    }

    fn capabilities(&self) -> ChromeCapabilities {
        let mut capabilities = DesiredCapabilities::chrome();
        let profile = self.profile.path().join("profile");
        let profile = format!("--user-data-dir={}", profile.display());
        for flag in FLAGS.into_iter().chain([profile.as_str()]) {
            capabilities.add_arg(flag).expect("a flag");
        }
        let logs = json!({ "browser": "ALL", "performance": "ALL" });
        capabilities.set("goog:loggingPrefs", logs).expect("an object");
        capabilities
    }

    fn driver(&self) -> &WebDriver {
        self.driver.as_ref().expect("a session")
    }

    #[track_caller]
    fn wait<T>(&self, it: impl Future<Output = WebDriverResult<T>>) -> T {
        self.runtime
            .block_on(it)
            .unwrap_or_else(|error| panic!("the browser says: {error}"))
    }

    /// Opens a page and waits until it is loaded.
    #[track_caller]
    pub fn open(&self, url: &str) {
        self.wait(self.driver().goto(url));
    }

    /// Where it is.
    #[track_caller]
    pub fn url(&self) -> String {
        self.wait(self.driver().current_url()).to_string()
    }

    /// What a script says, given these arguments.
    #[track_caller]
    pub fn ask<T: DeserializeOwned>(&self, script: &str, given: &Value) -> T {
        let given = given.as_array().cloned().expect("an array");
        let said = self.wait(self.driver().execute(script, given));
        said.convert().unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// The same of a script that calls its last argument when it is done.
    #[track_caller]
    pub fn ask_later<T: DeserializeOwned>(&self, script: &str) -> T {
        let said = self.wait(self.driver().execute_async(script, vec![]));
        said.convert().unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Asks until it is so.
    #[track_caller]
    pub fn until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let deadline = Instant::now() + HANG;
        while !is_so() {
            assert!(Instant::now() < deadline, "waited for {what} in vain");
        }
    }

    /// Waits until the page had this many chances to change something.
    #[track_caller]
    pub fn frames(&self, count: u32) {
        let script = "const [count, done] = arguments; let left = count; \
             const next = () => left-- ? requestAnimationFrame(next) : done(); \
             next();";
        let asked = self.driver().execute_async(script, vec![json!(count)]);
        self.wait(asked);
    }

    /// A command of the DevTools.
    #[track_caller]
    pub fn devtools(&self, method: &str, given: Value) -> Value {
        self.wait(self.driver().cdp().send_raw(method, given))
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
        let found = self.runtime.block_on(self.driver().find(By::Css(css)));
        found.unwrap_or_else(|error| panic!("{css}: {error}"))
    }

    /// Clicks with the mouse, where the reader would.
    #[track_caller]
    pub fn click(&self, css: &str) {
        let element = self.find(css);
        self.wait(element.scroll_into_view());
        let clicked = self.runtime.block_on(element.click());
        clicked.unwrap_or_else(|error| panic!("{css}: {error}"));
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

    /// The addresses that were asked for since the last time.
    #[track_caller]
    pub fn requests(&self) -> Vec<String> {
        let log = self.wait(self.driver().get_log("performance"));
        let requests = log.iter().filter_map(|entry| {
            let entry: Value = serde_json::from_str(&entry.message).ok()?;
            let message = &entry["message"];
            let is_one = message["method"] == "Network.requestWillBeSent";
            let url = message["params"]["request"]["url"].as_str()?;
            is_one.then(|| url.to_owned())
        });
        requests.collect()
    }

    /// What the console said since the last time.
    #[track_caller]
    pub fn console(&self) -> Vec<String> {
        let log = self.wait(self.driver().browser_log());
        log.iter().map(|it| format!("{:?}: {}", it.level, it.message)).collect()
    }

    /// Where it writes.
    pub fn profile(&self) -> PathBuf {
        self.profile.path().to_owned()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Its processes end with their group, which asks for no answer.
        if let Some(driver) = self.driver.take() {
            let _ = driver.leak();
        }
    }
}

fn port(line: &str) -> Option<u16> {
    let port = line.strip_prefix("ChromeDriver was started successfully on")?;
    port.trim_start_matches(" port ").trim_end_matches('.').parse().ok()
}

/// Whether there is no browser.
#[track_caller]
fn is_missing() -> bool {
    let output = Command::new("chromedriver").arg("--version").output();
    if output.is_ok_and(|output| output.status.success()) {
        return false;
    }
    assert!(
        env::var_os("CI").is_none(),
        "CI is set, and chromedriver is missing: install chromium-driver"
    );
    let line = "SKIPPED: no `chromedriver` on PATH, so no page was tried";
    // Past the capture of the test harness, which hides what passes.
    let _ = writeln!(std::io::stderr(), "\n{line}\n");
    true
}
