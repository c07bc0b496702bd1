use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, PoisonError, mpsc};
use std::time::Instant;
use std::{future, io, thread};

use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::runtime::{self, Handle};
use tokio::sync::mpsc::{
    UnboundedReceiver, UnboundedSender, unbounded_channel,
};
use tokio::task::{self, AbortHandle, JoinSet};

use super::run::{self, Run};
use super::socket::Socket;
use super::{Error, HANG, Listing, Pending};

/// All requests of this process run here, on one thread: whichever answer
/// arrives first is also noted first.
static CLIENT: LazyLock<Handle> = LazyLock::new(|| {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a thread needs no more than a few file descriptors");
    let handle = runtime.handle().clone();
    thread::Builder::new()
        .name("lab-client".into())
        .spawn(move || runtime.block_on(future::pending::<()>()))
        .expect("the lab needs one thread");
    handle
});

/// The place of a request in the run's list.
#[derive(Clone, Copy)]
pub(super) struct Ticket(pub usize);

/// How a request ended.
pub(super) type Outcome = Result<Response<String>, String>;

struct Order {
    ticket: Ticket,
    request: Request<Empty<Bytes>>,
}

/// When a connection is opened.
pub(super) enum Opening {
    /// Before there is anything to send on it.
    Now,
    /// Together with its first request, as most clients do.
    WithTheRequest,
}

/// A TCP connection to a server, kept open until it is dropped.
pub struct Connection {
    wire: Arc<Wire>,
}

/// The open connection, shared by all that still need it.
pub(super) struct Wire {
    pub run: Arc<Run>,
    listing: Listing,
    address: SocketAddr,
    orders: UnboundedSender<Order>,
    task: AbortHandle,
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Connection {
    /// Connects, unless that is left to the first request.
    pub(super) fn open(
        run: &Arc<Run>,
        listing: &Listing,
        address: SocketAddr,
        how: Opening,
    ) -> Result<Self, Error> {
        let (orders, inbox) = unbounded_channel();
        let (report, connected) = mpsc::channel();
        let run_too = Arc::clone(run);
        let task = CLIENT.spawn(serve(address, how, run_too, inbox, report));
        let wire = Arc::new(Wire {
            run: Arc::clone(run),
            listing: listing.clone(),
            address,
            orders,
            task: task.abort_handle(),
        });
        let what = format!("a connection to {address}");
        match connected.recv_timeout(HANG) {
            Ok(Ok(())) => Ok(Connection { wire }),
            Ok(Err(error)) => Err(Error::NoAnswer {
                request: what,
                reason: error.to_string(),
                scene: run.scene(),
            }),
            Err(_) => Err(Error::Hang { what, scene: run.scene() }),
        }
    }

    /// Sends a GET request. If the route is the one that keeps a CPU busy, it
    /// returns only when the listing has printed that it started, or when an
    /// answer is there. Requests on one connection go one after the other.
    ///
    /// # Errors
    ///
    /// When the request can't be sent, or the listing hangs.
    pub fn send(&self, path: &str) -> Result<Pending, Error> {
        self.send_method("GET", path)
    }

    /// The same with another method, such as `HEAD`.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    ///
    /// # Panics
    ///
    /// When `method` or `path` can't stand in a request.
    pub fn send_method(
        &self,
        method: &str,
        path: &str,
    ) -> Result<Pending, Error> {
        let listing = &self.wire.listing;
        if !listing.blocks(path) {
            return self.post(method, path)?.written();
        }
        let starting = self.wire.run.starting.lock();
        let _starting = starting.unwrap_or_else(PoisonError::into_inner);
        let starts = |state: &run::State| {
            let lines = state.lines.iter();
            let starts = lines.filter(|line| listing.says_started(&line.text));
            starts.map(|line| line.at).collect::<Vec<Instant>>()
        };
        let before = starts(&self.wire.run.state()).len();
        let pending = self.post(method, path)?;
        let what = format!("{} to start", pending.request);
        let started = self.wire.run.wait(&what, |state| {
            let answered = state.requests[pending.ticket.0].outcome.is_some();
            match starts(state).get(before) {
                Some(at) => Some(Some(*at)),
                None => answered.then_some(None),
            }
        })?;
        self.wire.run.note(pending.ticket, |known| known.started_at = started);
        Ok(pending)
    }

    /// Sends a GET request and returns when it is written, whatever the
    /// listing does.
    ///
    /// # Errors
    ///
    /// When the request can't be sent.
    pub fn enqueue(&self, path: &str) -> Result<Pending, Error> {
        self.post("GET", path)?.written()
    }

    fn post(&self, method: &str, path: &str) -> Result<Pending, Error> {
        let ticket = self.wire.run.update(|state| {
            state.requests.push(run::Request::default());
            Ticket(state.requests.len() - 1)
        });
        let request = Request::builder()
            .method(method.parse::<Method>().expect("a method"))
            .uri(path)
            .header("host", self.wire.address.to_string())
            .body(Empty::new())
            .expect("a path");
        // If the other side is gone, the outcome says so.
        let _ = self.wire.orders.send(Order { ticket, request });
        let request = format!("{method} {path}");
        Ok(Pending { wire: Arc::clone(&self.wire), ticket, request })
    }
}

/// Connects, and sends one request after the other.
async fn serve(
    address: SocketAddr,
    how: Opening,
    run: Arc<Run>,
    mut inbox: UnboundedReceiver<Order>,
    report: mpsc::Sender<io::Result<()>>,
) {
    let socket = match how {
        Opening::Now => Socket::connected(address).await,
        Opening::WithTheRequest => Ok(Socket::closed(address)),
    };
    let socket = match socket {
        Ok(socket) => socket,
        Err(error) => return drop(report.send(Err(error))),
    };
    let handshake = http1::handshake(TokioIo::new(socket)).await;
    let Ok((mut sender, connection)) = handshake else {
        return drop(report.send(Err(io::ErrorKind::Other.into())));
    };
    let _ = report.send(Ok(()));
    // Ends with this task, and so does the connection.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    while let Some(Order { ticket, request }) = inbox.recv().await {
        let outcome = match sender.ready().await {
            Ok(()) => {
                let sent_at = Instant::now();
                let response = sender.send_request(request);
                // That woke the driver, which writes before this goes on.
                task::yield_now().await;
                run.note(ticket, |known| known.sent_at = Some(sent_at));
                receive(response.await).await
            }
            Err(error) => Err(error.to_string()),
        };
        run.note(ticket, |known| {
            known.ended_at = Some(Instant::now());
            known.outcome = Some(outcome);
        });
    }
}

/// Notes the time when the head is there, and reads the body.
async fn receive(response: hyper::Result<Response<Incoming>>) -> Outcome {
    let answered_at = Instant::now();
    let (mut head, body) = match response {
        Ok(response) => response.into_parts(),
        Err(error) => return Err(error.to_string()),
    };
    head.extensions.insert(answered_at);
    let body = body.collect().await.map_err(|error| error.to_string())?;
    let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
    Ok(Response::from_parts(head, body))
}
