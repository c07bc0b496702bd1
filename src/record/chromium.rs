//! Asks a listing as three tabs of one real Chromium do.
//!
//! Its own network log says when each request was wanted and when its answer
//! came, and which headers that had.

mod driver;
mod log;

use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, bail};
use thirtyfour::{WebDriver, WindowHandle};

use self::driver::Driver;
use self::log::Log;
use super::row::Row;
use super::scenario::Tabs;
use crate::lab::{HANG, Server};

/// The route that keeps a CPU busy.
const SLOW: &str = "/block-server";

/// How many tabs ask.
const TABS: usize = 3;

/// How long a tab may take for a page before it is sent there again.
const PATIENCE: Duration = Duration::from_secs(5);

/// Lets three tabs ask at once, and waits for their answers.
///
/// # Errors
///
/// When there is no Chromium, or it does not get its answers.
pub fn ask(server: &Server, tabs: Tabs) -> Result<Vec<Row>> {
    let driver = Driver::start()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .context("cannot start a runtime")?;
    runtime.block_on(async {
        let session = driver.session().await?;
        // Whatever comes of it, the browser is told to go.
        let rows = in_tabs(&session, server, tabs).await;
        let quit = session.quit().await;
        let mut rows = rows?;
        quit.context("Chromium does not quit")?;
        announce(server, &mut rows);
        Ok(rows)
    })
}

async fn in_tabs(
    session: &WebDriver,
    server: &Server,
    tabs: Tabs,
) -> Result<Vec<Row>> {
    let base = format!("http://{}", server.address());
    let mut windows = session.windows().await?;
    while windows.len() < TABS {
        windows.push(session.new_tab().await?);
    }
    for window in &windows {
        session.switch_to_window(window.clone()).await?;
        settle(session, &format!("{base}/fast-one")).await?;
    }
    // What it took to get there is no part of the run.
    session.get_log("performance").await?;
    let mut log = Log::new(SystemTime::now(), Instant::now());
    for (number, window) in windows.iter().enumerate() {
        session.switch_to_window(window.clone()).await?;
        let url = format!("{base}{SLOW}");
        match tabs {
            Tabs::SameUrl => session.goto(url).await?,
            Tabs::OtherQuery => {
                session.goto(format!("{url}?tab={}", number + 1)).await?;
            }
            Tabs::FetchNoStore => fetch(session, "cache: 'no-store'").await?,
            Tabs::FetchPost => fetch(session, "method: 'POST'").await?,
        }
    }
    answers(session, &windows, &mut log).await
}

/// Starts a fetch in the tab, and does not wait for its end.
async fn fetch(session: &WebDriver, how: &str) -> Result<()> {
    let script = format!("fetch('{SLOW}', {{ {how} }});");
    session.execute(script, Vec::new()).await?;
    Ok(())
}

/// Sends the tab to a page and waits until it shows it. A tab that is new may
/// still be on its way to its empty page, and then forgets where it was sent.
async fn settle(session: &WebDriver, url: &str) -> Result<()> {
    let script = "return document.readyState === 'complete' && \
                  document.body.innerText.includes('unblocked')";
    let begin = Instant::now();
    while begin.elapsed() < HANG {
        session.goto(url).await?;
        let sent = Instant::now();
        while sent.elapsed() < PATIENCE {
            let shown = session.execute(script, Vec::new()).await;
            if shown.is_ok_and(|shown| *shown.json() == true) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    bail!("waited for a tab to show {url} in vain")
}

/// Reads Chromium's log until each tab has its answer.
async fn answers(
    session: &WebDriver,
    windows: &[WindowHandle],
    log: &mut Log,
) -> Result<Vec<Row>> {
    let begin = Instant::now();
    loop {
        for entry in session.get_log("performance").await? {
            log.read(&entry.message)?;
        }
        let rows = log.rows(SLOW, windows)?;
        if rows.len() == TABS {
            return Ok(rows);
        }
        if begin.elapsed() > HANG {
            bail!(
                "waited for the answers to {TABS} tabs in vain: {} have one",
                rows.len()
            );
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Gives each request the line that said that its work began: the first one
/// is that of the child that was started first, and children are numbered in
/// the order of their start.
fn announce(server: &Server, rows: &mut [Row]) {
    let lines = server.output();
    let mut lines =
        lines.iter().filter(|line| line.text.starts_with("start wait "));
    let mut rows: Vec<&mut Row> = rows.iter_mut().collect();
    rows.sort_by_key(|row| row.pid);
    for row in rows {
        row.started = lines.next().map(|line| line.at);
    }
}

/// Whether there is a browser for scenarios that need one.
pub fn is_there() -> bool {
    Driver::program().is_some()
}
