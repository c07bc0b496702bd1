//! The book on the loopback interface, and again after each save.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::HOST;
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use notify_debouncer_mini::notify::RecursiveMode;
use notify_debouncer_mini::{DebounceEventResult, new_debouncer};
use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::broadcast::{self, error::RecvError};
use tower_http::services::ServeDir;

use super::build;
use super::check::{self, Repository};

/// The path that mdBook's pages listen to for news.
const RELOAD: &str = "__livereload";

/// What a reader writes: a change here is a new book. The folder that is built
/// into is not among them, or each build would cause the next.
const WATCHED: [&str; 3] = ["book", "listings", "book.toml"];

/// An editor writes a file in several steps; this is long enough for them to
/// count as one, and short enough for nobody to wait.
const SETTLE: Duration = Duration::from_millis(50);

/// Serves the book in `root` on 127.0.0.1 until Ctrl-C or SIGTERM. Port 0
/// picks a free one. With `open`, a browser shows it.
///
/// # Errors
///
/// When the port is taken, an include is broken, or the book can't be built.
/// Once it serves, such problems are printed and the last good pages stay.
pub fn serve(root: &Path, port: u16, open: bool) -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let listener = listener.with_context(|| {
        format!("cannot serve on 127.0.0.1:{port}, try --port 0")
    })?;
    let address = listener.local_addr()?;
    let site = Arc::new(Site::new(root)?);
    site.rebuild()?;

    let watching = Arc::clone(&site);
    let mut watcher = new_debouncer(SETTLE, move |events| {
        watching.changed(events);
    })?;
    for name in WATCHED {
        let path = root.join(name);
        if path.exists() {
            watcher.watcher().watch(&path, RecursiveMode::Recursive)?;
        }
    }
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build()?;
    let served =
        runtime.block_on(answer(listener, address, Arc::clone(&site), open));
    drop(watcher);
    // The watcher's own thread may hold the site a moment longer.
    site.builds.write().unwrap_or_else(PoisonError::into_inner).clear();
    served
}

async fn answer(
    listener: TcpListener,
    address: SocketAddr,
    site: Arc<Site>,
    open: bool,
) -> Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    // Before it says that it serves: whoever reads that may end it.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let app = Router::new()
        .route(&format!("/{RELOAD}"), get(reload))
        .fallback(page)
        .layer(middleware::from_fn_with_state(address, only_this_host))
        .with_state(site);
    println!("Serving the book at http://{address}/");
    if open
        && let Err(error) = opener::open_browser(format!("http://{address}/"))
    {
        eprintln!("no browser opens: {error}");
    }
    // Not a graceful end: an open page keeps its websocket for ever.
    tokio::select! {
        served = axum::serve(listener, app).into_future() => Ok(served?),
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    }
}

/// The built pages, and who waits for the next ones.
struct Site {
    root: PathBuf,
    /// The newest build, and the one before it: a page that was loaded a
    /// moment ago may still ask for its own style.
    builds: RwLock<Vec<TempDir>>,
    news: broadcast::Sender<()>,
}

impl Site {
    fn new(root: &Path) -> Result<Self> {
        let (news, _) = broadcast::channel(1);
        let builds = RwLock::new(Vec::new());
        Ok(Site { root: root.to_owned(), builds, news })
    }

    /// Builds into a folder of its own, and shows it when it is whole.
    fn rebuild(&self) -> Result<()> {
        let problems = check::includes(&Repository::as_it_is(&self.root));
        if !problems.is_empty() {
            let lines: Vec<String> =
                problems.iter().map(|problem| problem.to_string()).collect();
            bail!("{}", lines.join("\n"));
        }
        let target = self.root.join("target/book-serve");
        std::fs::create_dir_all(&target)
            .with_context(|| format!("cannot write {}", target.display()))?;
        let fresh = TempDir::new_in(&target)?;
        build(&self.root, fresh.path(), Some(RELOAD))?;
        let mut builds =
            self.builds.write().unwrap_or_else(PoisonError::into_inner);
        builds.insert(0, fresh);
        builds.truncate(2);
        Ok(())
    }

    fn changed(&self, events: DebounceEventResult) {
        if let Err(error) = events {
            return eprintln!("cannot watch the book: {error}");
        }
        match self.rebuild() {
            // Nobody may be listening.
            Ok(()) => drop(self.news.send(())),
            Err(error) => eprintln!("{error:#}\nthe last good pages stay"),
        }
    }

    fn folders(&self) -> Vec<PathBuf> {
        let builds = self.builds.read().unwrap_or_else(PoisonError::into_inner);
        builds.iter().map(|build| build.path().to_owned()).collect()
    }
}

/// Refuses a name that is not ours: a page of another host, whose name was
/// made to point here, shall not read this one.
async fn only_this_host(
    State(address): State<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let hosts: Vec<_> = request.headers().get_all(HOST).iter().collect();
    let ours = [address.to_string(), format!("localhost:{}", address.port())];
    match hosts[..] {
        [host] if ours.iter().any(|name| host == name.as_str()) => {
            next.run(request).await
        }
        _ => StatusCode::MISDIRECTED_REQUEST.into_response(),
    }
}

async fn page(State(site): State<Arc<Site>>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    let folders = site.folders();
    for folder in &folders {
        let request = axum::http::Request::from_parts(head.clone(), ());
        match ServeDir::new(folder).try_call(request).await {
            Ok(found) if found.status() == StatusCode::NOT_FOUND => {}
            Ok(found) => {
                return found.map(axum::body::Body::new).into_response();
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return broken(&error),
        }
    }
    let lost = folders.first().map(|folder| folder.join("404.html"));
    match lost.map(std::fs::read_to_string) {
        Some(Ok(text)) => (StatusCode::NOT_FOUND, Html(text)).into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn broken(error: &io::Error) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response()
}

async fn reload(
    upgrade: WebSocketUpgrade,
    State(site): State<Arc<Site>>,
) -> Response {
    let news = site.news.subscribe();
    upgrade.on_upgrade(|socket| announce(socket, news))
}

/// Tells one page to load itself again, whenever there is a new book.
async fn announce(mut socket: WebSocket, mut news: broadcast::Receiver<()>) {
    // To have missed some news is news as well.
    while let Ok(()) | Err(RecvError::Lagged(_)) = news.recv().await {
        if socket.send(Message::text("reload")).await.is_err() {
            return;
        }
    }
}
