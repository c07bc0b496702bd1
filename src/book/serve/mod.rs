//! The book on the loopback interface, and again after each save.

mod http;
mod site;
mod watch;

use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio::task;
use tokio::time::timeout;

use super::Error;
use site::Site;

/// An editor writes a file in several steps, and git many files: this is long
/// enough for them to count as one, and short enough for nobody to wait.
const SETTLE: Duration = Duration::from_millis(50);

/// So often the end of the changes is awaited, in case there is none.
const SETTLES: u32 = 20;

/// Serves the book in `root` on 127.0.0.1 until Ctrl-C or SIGTERM. Port 0
/// picks a free one. With `open`, a browser shows it.
///
/// # Errors
///
/// When the port is taken, an include is broken, or the book can't be built.
/// Once it serves, such problems are printed and the last good pages stay.
pub fn serve(root: &Path, port: u16, open: bool) -> Result<(), Error> {
    // First of all, so that nobody waits for a build to learn of it.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .and_then(|listener| {
            listener.set_nonblocking(true)?;
            Ok(listener)
        })
        .map_err(|reason| Error::Port { port, reason })?;
    let site = Arc::new(Site::new(root)?);
    // Leaving it waits for a build that has begun, and a build's folder goes
    // with the last who holds the site.
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::Serve)?
        .block_on(until_told_to_end(listener, site, open))
}

async fn until_told_to_end(
    listener: TcpListener,
    site: Arc<Site>,
    open: bool,
) -> Result<(), Error> {
    let mut terminate =
        signal(SignalKind::terminate()).map_err(Error::Serve)?;
    let mut interrupt =
        signal(SignalKind::interrupt()).map_err(Error::Serve)?;
    // Not a graceful end: an open page keeps its websocket for ever.
    tokio::select! {
        ended = run(listener, site, open) => ended,
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}

async fn run(
    listener: TcpListener,
    site: Arc<Site>,
    open: bool,
) -> Result<(), Error> {
    let listener =
        tokio::net::TcpListener::from_std(listener).map_err(Error::Serve)?;
    let address = listener.local_addr().map_err(Error::Serve)?;
    // Before the build: what is saved during it needs another one.
    let changes = Arc::new(Notify::new());
    let _watcher = watch::watch(site.root(), Arc::clone(&changes))
        .map_err(Error::Watch)?;
    rebuild(&site).await?;

    // Whoever closed the pipe that this goes to may still read the book.
    let _ = writeln!(io::stdout(), "Serving the book at http://{address}/");
    if open
        && let Err(error) = opener::open_browser(format!("http://{address}/"))
    {
        eprintln!("no browser opens: {error}");
    }
    let app = http::router(address, Arc::clone(&site));
    tokio::select! {
        served = axum::serve(listener, app).into_future() => {
            served.map_err(Error::Serve)
        }
        never = follow(&site, &changes) => never,
    }
}

/// Builds the book again after each change, for ever.
async fn follow(site: &Arc<Site>, changes: &Notify) -> Result<(), Error> {
    loop {
        changes.notified().await;
        for _ in 0..SETTLES {
            if timeout(SETTLE, changes.notified()).await.is_err() {
                break;
            }
        }
        if let Err(error) = rebuild(site).await {
            eprintln!("{error}\nthe last good pages stay");
        }
    }
}

/// On a thread of its own, so that pages are served meanwhile.
async fn rebuild(site: &Arc<Site>) -> Result<(), Error> {
    let site = Arc::clone(site);
    let built = task::spawn_blocking(move || site.rebuild()).await;
    built.map_err(|panic| Error::Serve(io::Error::other(panic)))?
}
