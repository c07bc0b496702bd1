use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use serde_json::Value;
use thirtyfour::WindowHandle;

use super::super::row::Row;
use super::super::trace::Connection;

/// Chromium's network log, as ChromeDriver hands it on: events of the
/// DevTools protocol (`Network.requestWillBeSent`, `responseReceived`,
/// `loadingFinished`).
pub struct Log {
    /// One moment on both clocks: Chromium's log has the time of day.
    now: (SystemTime, Instant),
    requests: Vec<Request>,
}

/// One request, as far as the log has come.
struct Request {
    tab: String,
    id: String,
    method: String,
    url: String,
    /// Seconds since 1970, and on Chromium's own clock.
    wanted: (f64, f64),
    response: Option<Response>,
    is_finished: bool,
}

struct Response {
    at: f64,
    status: u16,
    served_by: String,
    is_reused: bool,
}

impl Log {
    pub fn new(now: SystemTime, at: Instant) -> Self {
        Log { now: (now, at), requests: Vec::new() }
    }

    /// Reads one entry. Most of them are about something else.
    ///
    /// # Errors
    ///
    /// When it is none, or lacks what the protocol promises.
    pub fn read(&mut self, entry: &str) -> Result<()> {
        let entry: Value =
            serde_json::from_str(entry).context("no entry of a log")?;
        let parameters = &entry["message"]["params"];
        let id = parameters["requestId"].as_str().unwrap_or_default();
        match entry["message"]["method"].as_str().unwrap_or_default() {
            "Network.requestWillBeSent" => {
                let text = |value: &Value| {
                    let text = value.as_str();
                    text.map(str::to_owned).context("a request without a word")
                };
                let asked = &parameters["request"];
                self.requests.push(Request {
                    tab: text(&entry["webview"])?,
                    id: id.to_owned(),
                    method: text(&asked["method"])?,
                    url: text(&asked["url"])?,
                    wanted: (
                        seconds(&parameters["wallTime"])?,
                        seconds(&parameters["timestamp"])?,
                    ),
                    response: None,
                    is_finished: false,
                });
            }
            "Network.responseReceived" => {
                let response = response(parameters)?;
                if let Some(request) = self.request(id) {
                    request.response = Some(response);
                }
            }
            "Network.loadingFinished" => {
                if let Some(request) = self.request(id) {
                    request.is_finished = true;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn request(&mut self, id: &str) -> Option<&mut Request> {
        self.requests.iter_mut().find(|request| request.id == id)
    }

    /// The requests for the route that have their answers.
    ///
    /// # Errors
    ///
    /// When one came from a tab that is none of the windows.
    pub fn rows(
        &self,
        route: &str,
        windows: &[WindowHandle],
    ) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        for request in &self.requests {
            let rest = request.url.splitn(4, '/').nth(3).unwrap_or_default();
            let path = format!("/{rest}");
            let asked = path.split('?').next() == Some(route);
            if let Some(response) = &request.response
                && asked
                && request.is_finished
            {
                rows.push(self.row(request, response, path, windows)?);
            }
        }
        Ok(rows)
    }

    fn row(
        &self,
        request: &Request,
        response: &Response,
        path: String,
        windows: &[WindowHandle],
    ) -> Result<Row> {
        let tab = windows.iter().position(|it| it.to_string() == request.tab);
        let tab = tab.with_context(|| format!("no tab {}", request.tab))? + 1;
        let (wall, clock) = request.wanted;
        let sent = self.instant(wall)?;
        let took = Duration::try_from_secs_f64(response.at - clock)
            .context("an answer before its request")?;
        let (pid, thread) =
            response.served_by.split_once('/').unwrap_or_default();
        let number = |text: &str| text.parse().unwrap_or_default();
        Ok(Row {
            client: format!("tab {tab}"),
            connection: match response.is_reused {
                true => Connection::Kept,
                false => Connection::Fresh,
            },
            method: request.method.clone(),
            path,
            sent,
            started: None,
            answered: sent + took,
            status: response.status,
            body: String::new(),
            pid: number(pid),
            thread: number(thread),
        })
    }

    /// A time of day on the clock of the other rows.
    fn instant(&self, wall: f64) -> Result<Instant> {
        let (now, at) = self.now;
        let now = now.duration_since(UNIX_EPOCH);
        let since = wall - now.context("a clock before 1970")?.as_secs_f64();
        let since = Duration::try_from_secs_f64(since);
        Ok(at + since.context("a request before the run")?)
    }
}

fn response(parameters: &Value) -> Result<Response> {
    let response = &parameters["response"];
    let status = response["status"].as_u64().and_then(|it| it.try_into().ok());
    let headers = response["headers"].as_object();
    let served_by = headers.and_then(|headers| {
        let mut headers = headers.iter();
        headers.find(|(name, _)| name.eq_ignore_ascii_case("served-by"))
    });
    Ok(Response {
        at: seconds(&parameters["timestamp"])?,
        status: status.context("an answer without a status")?,
        served_by: served_by
            .and_then(|(_, value)| value.as_str())
            .unwrap_or_default()
            .to_owned(),
        is_reused: response["connectionReused"].as_bool().unwrap_or_default(),
    })
}

fn seconds(value: &Value) -> Result<f64> {
    value.as_f64().context("an event without a time")
}
