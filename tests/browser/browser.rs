//! A real browser, and what a reader does with it.

use std::env;
use std::future::Future;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::ChromeCapabilities;
use thirtyfour::prelude::*;
use tokio::runtime::{Builder, Runtime};

use crate::process::{Group, HANG};

/// What a browser does by itself when it starts, and nobody here asks for.
const FLAGS: [&str; 14] = [
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
    "--hide-scrollbars",
    // It takes a window that nobody sees for one in the background, and lets
    // that wait when others are busy.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
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
        // Not current_thread: whoever drops a session there waits for ever, as
        // nobody is left to end it.
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

    pub fn driver(&self) -> &WebDriver {
        self.driver.as_ref().expect("a session")
    }

    #[track_caller]
    pub fn wait<T>(&self, it: impl Future<Output = WebDriverResult<T>>) -> T {
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

    /// Asks until it is so.
    #[track_caller]
    pub fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let deadline = Instant::now() + HANG;
        while !is_so() {
            assert!(Instant::now() < deadline, "waited for {what} in vain");
            // Asking takes time from the page.
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// A command of the DevTools.
    #[track_caller]
    pub fn devtools(&self, method: &str, given: Value) -> Value {
        self.wait(self.driver().cdp().send_raw(method, given))
    }

    /// The addresses that were asked for since the last time.
    #[track_caller]
    pub fn requests(&self) -> Vec<String> {
        let log = self.wait(self.driver().get_log("performance"));
        let requests = log.iter().filter_map(|entry| {
            let entry: Value = serde_json::from_str(&entry.message).ok()?;
            let message = &entry["message"];
            let params = &message["params"];
            let url = match message["method"].as_str()? {
                "Network.requestWillBeSent" => &params["request"]["url"],
                "Network.webSocketCreated" => &params["url"],
                _ => return None,
            };
            url.as_str().map(str::to_owned)
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
