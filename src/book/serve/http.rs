use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{RawQuery, Request, State};
use axum::http::header::{
    CACHE_CONTROL, HOST, HeaderValue, IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE,
};
use axum::http::{Method, Request as Asked, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use tokio::sync::watch;
use tower_http::services::ServeDir;

use super::site::{Build, Site};

/// The path that mdBook's pages listen to for news.
pub const RELOAD: &str = "__livereload";

/// What the server answers: pages, and news of them.
pub fn router(address: SocketAddr, site: Arc<Site>) -> Router {
    Router::new()
        .route(&format!("/{RELOAD}"), get(reload))
        .fallback(page)
        .layer(middleware::from_fn_with_state(address, only_this_host))
        .with_state(site)
}

/// Refuses a name that is not ours: a page of another host, whose name was
/// made to point here, shall not read this one.
async fn only_this_host(
    State(address): State<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let hosts: Vec<_> = request.headers().get_all(HOST).iter().collect();
    match hosts[..] {
        [host] if is_ours(host.as_bytes(), address) => next.run(request).await,
        _ => StatusCode::MISDIRECTED_REQUEST.into_response(),
    }
}

fn is_ours(host: &[u8], address: SocketAddr) -> bool {
    let port = address.port();
    let name = match host.strip_suffix(format!(":{port}").as_bytes()) {
        Some(name) => name,
        // Browsers leave out the port that is the usual one.
        None if port == 80 => host,
        None => return false,
    };
    name == address.ip().to_string().as_bytes()
        || name.eq_ignore_ascii_case(b"localhost")
}

async fn page(State(site): State<Arc<Site>>, request: Request) -> Response {
    let builds = site.builds();
    let mut answer = answer(&builds, request).await;
    // A page lives until the next save.
    let never = HeaderValue::from_static("no-store");
    answer.headers_mut().insert(CACHE_CONTROL, never);
    answer
}

async fn answer(builds: &[Build], request: Request) -> Response {
    let (mut head, _) = request.into_parts();
    // Two builds within one second have the same time.
    head.headers.remove(IF_MODIFIED_SINCE);
    head.headers.remove(IF_UNMODIFIED_SINCE);
    for (age, build) in builds.iter().enumerate() {
        // An old style is of use to an old page; an old page is of none.
        if age > 0 && is_page(head.uri.path()) {
            break;
        }
        let request = Asked::from_parts(head.clone(), ());
        match ServeDir::new(build.path()).try_call(request).await {
            Ok(found) if found.status() == StatusCode::NOT_FOUND => {}
            Ok(found) => return found.map(Body::new).into_response(),
            Err(error) if is_missing(&error) => {}
            Err(error) => return broken(&error),
        }
    }
    let Some(newest) = builds.first() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match fs::read_to_string(newest.path().join("404.html")) {
        Ok(text) if head.method == Method::GET => {
            (StatusCode::NOT_FOUND, Html(text)).into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn is_page(path: &str) -> bool {
    path.ends_with('/')
        || Path::new(path).extension().is_none_or(|kind| kind == "html")
}

/// Whether there is no such file, or can't be one.
fn is_missing(error: &io::Error) -> bool {
    use io::ErrorKind::{
        InvalidFilename, InvalidInput, NotADirectory, NotFound,
    };
    let kind = error.kind();
    matches!(kind, InvalidFilename | InvalidInput | NotADirectory | NotFound)
}

fn broken(error: &io::Error) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response()
}

async fn reload(
    upgrade: WebSocketUpgrade,
    RawQuery(query): RawQuery,
    State(site): State<Arc<Site>>,
) -> Response {
    let mut news = site.news();
    let current = *news.borrow_and_update();
    let shown = query.and_then(|number| number.parse().ok());
    let is_old = shown.is_some_and(|number: u64| number != current);
    upgrade.on_upgrade(move |socket| announce(socket, news, is_old))
}

/// Tells one page to load itself again: at once if it is old, and whenever
/// there is a new book.
async fn announce(
    mut page: WebSocket,
    mut news: watch::Receiver<u64>,
    is_old: bool,
) {
    let mut tell = is_old;
    loop {
        if tell && page.send(Message::text("reload")).await.is_err() {
            return;
        }
        tell = tokio::select! {
            changed = news.changed() => match changed {
                Ok(()) => true,
                Err(_) => return,
            },
            // It has nothing to say, except that it is closed.
            said = page.recv() => match said {
                Some(Ok(_)) => false,
                _ => return,
            },
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_port_may_be_left_out() {
        let on = |port| SocketAddr::from(([127, 0, 0, 1], port));
        assert!(is_ours(b"127.0.0.1", on(80)));
        assert!(is_ours(b"LocalHost:80", on(80)));
        assert!(is_ours(b"localhost:3000", on(3000)));
        assert!(!is_ours(b"localhost", on(3000)));
        assert!(!is_ours(b"localhost:3001", on(3000)));
        assert!(!is_ours(b"example.com:3000", on(3000)));
        assert!(!is_ours(b"xlocalhost:3000", on(3000)));
        assert!(!is_ours(b"", on(80)));
    }
}
