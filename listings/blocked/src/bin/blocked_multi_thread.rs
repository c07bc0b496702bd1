//! Eight threads, and one CPU-bound request still freezes the whole server.
//!
//! The blocked server on a multi-thread runtime. Run it:
//!
//!     cargo run -p blocked --bin blocked_multi_thread
//!
//! and ask from a second terminal. The slow request comes on a connection
//! that is open already, as browsers and proxies keep them:
//!
//!     curl http://127.0.0.1:3001/fast-one http://127.0.0.1:3001/block-server &
//!     sleep 1; curl http://127.0.0.1:3001/fast-one
//!
//! Look for the order: the last answer comes after that of `/block-server`,
//! and seven of the eight threads sleep in the meantime.

use std::convert::Infallible;
use std::env;
use std::error::Error;
use std::hint;
use std::process::ExitCode;
use std::str::FromStr;
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

/// Keeps the CPU busy for `block` and never gives the thread back.
fn wait(block: Duration) {
    let start = Instant::now();
    while start.elapsed() < block {
        hint::spin_loop();
    }
}

fn main() -> ExitCode {
    let Err(problem) = run() else { return ExitCode::SUCCESS };
    eprintln!("blocked_multi_thread: {problem}");
    ExitCode::FAILURE
}

// ANCHOR: run
fn run() -> Result<(), Box<dyn Error>> {
    let port: u16 = number("PORT", "3001")?;
    let block = Duration::from_millis(number("BLOCK_MS", "5000")?);

    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(8)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let bound = TcpListener::bind(("127.0.0.1", port)).await;
        let listener =
            bound.map_err(|e| format!("PORT={port}: {e}; try PORT=0"))?;
        println!("Server running at http://{}/", listener.local_addr()?);
        serve(listener, block).await
    })
}
// ANCHOR_END: run

/// Accepts connections for ever. Each one is a task of its own, and a
/// task is polled by whichever thread is free.
async fn serve(listener: TcpListener, block: Duration) -> ! {
    let mut http = http1::Builder::new();
    // hyper's limit on slow headers works only if it has a timer. And if a
    // client sends requests ahead, their answers go out together, at once.
    http.timer(TokioTimer::new()).pipeline_flush(true);
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let service = service_fn(move |asked| answer(asked, block));
                let _ = stream.set_nodelay(true);
                let stream = TokioIo::new(stream);
                // It ends in an error if the client sends no HTTP or hangs
                // up, and that is the client's business.
                tokio::spawn(http.serve_connection(stream, service));
            }
            // Out of file descriptors, say: some may be free in a moment.
            Err(error) => {
                eprintln!("cannot accept: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

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
fn number<N: FromStr>(name: &str, default: &str) -> Result<N, String> {
    let text = env::var_os(name).unwrap_or(default.into());
    let text = text.to_string_lossy();
    let wrong = format!("{name}={text} will not do; try {name}={default}");
    text.parse().or(Err(wrong))
}
