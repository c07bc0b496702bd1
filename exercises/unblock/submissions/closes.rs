//! fails: kept, many_kept: a connection is good for one request
//!
//! The work is where it belongs, and each connection is closed after its first
//! answer. Who keeps theirs open, as every browser does, finds it closed.

use std::convert::Infallible;
use std::error::Error;
use std::time::Duration;
use std::{env, process::ExitCode};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::{runtime, task};

/// The answer to `/work`.
async fn work(seed: u64, rounds: u64) -> u64 {
    let computed = task::spawn_blocking(move || checksum(seed, rounds));
    computed.await.expect("the checksum does not panic")
}

/// The work. Leave it as it is: the grader knows what must come out, and how
/// much CPU time that takes.
fn checksum(seed: u64, rounds: u64) -> u64 {
    let mut state = seed;
    for _ in 0..rounds {
        // The generator of Knuth's MMIX.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
    }
    state
}

async fn answer(
    asked: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let query = asked.uri().query().unwrap_or_default();
    let (status, body) = match asked.uri().path() {
        "/work" => match (number(query, "seed"), number(query, "n")) {
            (Some(seed), Some(n)) => (200, work(seed, n).await.to_string()),
            _ => (400, "Ask for /work?seed=7&n=1000.\n".into()),
        },
        "/fast" => (200, "fast\n".into()),
        _ => (404, "No such route.\n".into()),
    };
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status.try_into().expect("a status from above");
    Ok(response)
}

/// The number that a query gives a name.
fn number(query: &str, name: &str) -> Option<u64> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == name)?.1.parse().ok()
}

fn main() -> ExitCode {
    let Err(problem) = run() else { return ExitCode::SUCCESS };
    eprintln!("ex-unblock: {problem}");
    ExitCode::FAILURE
}

fn run() -> Result<(), Box<dyn Error>> {
    let port = env::var("PORT").unwrap_or("3001".into());
    let port: u16 =
        port.parse().map_err(|_| format!("PORT={port}: try PORT=3001"))?;
    // One thread runs everything.
    let runtime =
        runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let bound = TcpListener::bind(("127.0.0.1", port)).await;
        let listener =
            bound.map_err(|e| format!("PORT={port}: {e}; try PORT=0"))?;
        println!("Server running at http://{}/", listener.local_addr()?);
        serve(listener).await
    })
}

/// Accepts connections for ever; each is a task of its own.
async fn serve(listener: TcpListener) -> ! {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).keep_alive(false);
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let stream = TokioIo::new(stream);
                tokio::spawn(http.serve_connection(stream, service_fn(answer)));
            }
            Err(error) => {
                eprintln!("cannot accept: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}
