//! One CPU-bound request freezes the whole server.
//!
//! Run it:
//!
//!     cargo run -p blocked
//!
//! and ask from a second terminal, the slow request first:
//!
//!     curl http://127.0.0.1:3001/block-server &
//!     curl http://127.0.0.1:3001/fast-one
//!
//! Look for the order: `/fast-one` has nothing to compute, yet its answer
//! comes only after the five seconds of `/block-server`.

use std::convert::Infallible;
use std::env::{self, VarError};
use std::error::Error;
use std::hint;
use std::ops::RangeInclusive;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use nix::unistd::{getpid, gettid};
use tokio::net::TcpListener;
use tokio::runtime;

// ANCHOR: answer
/// Answers one request. The path alone decides, whatever the method.
async fn answer(
    request: Request<Incoming>,
    block: Duration,
) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(match request.uri().path() {
        "/block-server" => {
            println!("start block-server");
            wait(block);
            text(StatusCode::OK, "Blocked Request!\n")
        }
        "/fast-one" => text(StatusCode::OK, "I am unblocked now!\n"),
        _ => text(StatusCode::NOT_FOUND, "No such route.\n"),
    })
}
// ANCHOR_END: answer

// ANCHOR: wait
/// Keeps the CPU busy for `block` and never gives the thread back.
fn wait(block: Duration) {
    let start = Instant::now();
    while start.elapsed() < block {
        hint::spin_loop();
    }
}
// ANCHOR_END: wait

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("blocked: {problem}");
            ExitCode::FAILURE
        }
    }
}

// ANCHOR: run
fn run() -> Result<(), Box<dyn Error>> {
    let port = number("PORT", 3001, 0..=65_535)?;
    let block = number("BLOCK_MS", 5_000, 0..=3_600_000)?;

    // One thread runs everything, as in Node.
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(format!("127.0.0.1:{port}"))
            .await
            .map_err(|error| {
                format!("PORT={port}: {error}; set PORT to another, or to 0")
            })?;
        println!("Server running at http://{}/", listener.local_addr()?);
        serve(listener, Duration::from_millis(block)).await
    })
}
// ANCHOR_END: run

// ANCHOR: serve
/// Accepts connections for ever. Each one is a task of its own, and all the
/// tasks share the one thread.
async fn serve(listener: TcpListener, block: Duration) -> ! {
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            // Out of file descriptors, say: some may be free in a moment.
            Err(error) => {
                eprintln!("cannot accept: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        tokio::spawn(async move {
            // hyper's limit on slow headers works only if it has a timer. An
            // error is the client's: it sent no HTTP, or it hung up.
            let _ = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(
                    TokioIo::new(stream),
                    service_fn(|request| answer(request, block)),
                )
                .await;
        });
    }
}
// ANCHOR_END: serve

/// An answer that names the process and the thread that made it.
fn text(status: StatusCode, body: &'static str) -> Response<Full<Bytes>> {
    Response::builder()
        .status(status)
        .header("content-type", "text/plain")
        .header("served-by", format!("{}/{}", getpid(), gettid()))
        .body(Full::from(body))
        .expect("both headers are plain ASCII")
}

/// Reads a number from the environment, or says what to set.
fn number(
    name: &str,
    default: u64,
    allowed: RangeInclusive<u64>,
) -> Result<u64, String> {
    let value = match env::var(name) {
        Ok(value) => value,
        Err(VarError::NotPresent) => return Ok(default),
        Err(VarError::NotUnicode(value)) => value.to_string_lossy().into(),
    };
    let number = value.parse().ok().filter(|n| allowed.contains(n));
    number.ok_or_else(|| {
        let (least, most) = allowed.into_inner();
        format!(
            "{name}={value} will not do: set it to a whole number \
             from {least} to {most}, such as {name}={default}"
        )
    })
}
