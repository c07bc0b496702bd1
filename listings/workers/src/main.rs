// ANCHOR: all
//! A worker thread for each CPU-bound request, and a channel each way.
//!
//!     cargo run -p workers --release
//!     curl -i http://127.0.0.1:3001/ &    # In a second terminal.
//!     curl -i http://127.0.0.1:3001/fast
//!
//! Look for the order of the answers, and for `served-by`: one process, two
//! threads. Without `--release` the count takes many times as long.

use std::num::NonZeroU16;
use std::process::{self, ExitCode};
use std::time::Duration;
use std::{convert::Infallible, env, error::Error, hint, str::FromStr, thread};

use crossbeam_channel::{Receiver, Sender, bounded};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use nix::unistd::{Pid, gettid};
use tokio::sync::{Semaphore, SemaphorePermit, oneshot};
use tokio::{net::TcpListener, runtime};

type Answer = Response<Full<Bytes>>;
type Failure = Box<dyn Error + Send + Sync>;

// ANCHOR: answer
/// A place for each worker that may run; `run` sets how many.
static PLACES: Semaphore = Semaphore::const_new(0);

/// Answers one request. The path alone decides, whatever the method.
async fn answer(
    request: Request<Incoming>,
    count: u64,
) -> Result<Answer, Infallible> {
    Ok(match request.uri().path() {
        "/" => match PLACES.try_acquire() {
            Ok(place) => match ask_a_worker(place, count).await {
                Ok((thread, counter)) => {
                    println!("{counter}");
                    reply(200, thread, counter.to_string())
                }
                Err(reason) => reply(500, gettid(), format!("{reason}\n")),
            },
            Err(_) => reply(503, gettid(), "Too many at once.\n".into()),
        },
        "/fast" => reply(200, gettid(), "This was fast!".into()),
        _ => reply(404, gettid(), "No such route.\n".into()),
    })
}
// ANCHOR_END: answer

// ANCHOR: ask
/// What a worker answers: its thread, and how far it counted.
type Counted = (Pid, u64);

/// Starts a worker, posts it a message, and waits for its answer.
async fn ask_a_worker(
    place: SemaphorePermit<'static>,
    count: u64,
) -> Result<Counted, Failure> {
    let (post, inbox) = bounded(1);
    let (outbox, answers) = bounded(1);
    let (bell, rung) = oneshot::channel::<()>();
    thread::Builder::new().name("worker".into()).spawn(move || {
        worker(inbox, outbox, count);
        drop((place, bell)); // Also when the worker panics.
    })?;
    post.send("start!")?;
    // Waiting on `answers` would block the only thread that serves. The bell
    // wakes its task, and rings by being dropped.
    let _ = rung.await;
    answers.try_recv().map_err(|_| "The worker panicked.".into())
}
// ANCHOR_END: ask

// ANCHOR: worker
/// The whole life of a worker: one message in, one out.
fn worker(inbox: Receiver<&str>, outbox: Sender<Counted>, count: u64) {
    let Ok(message) = inbox.recv() else { return };
    println!("{message}");
    let mut counter = 0;
    while counter < count {
        // Without the box the compiler sees the end, and deletes the loop.
        counter = hint::black_box(counter + 1);
    }
    // It fails if the client left, and then nobody is sad.
    let _ = outbox.send((gettid(), counter));
}
// ANCHOR_END: worker

fn main() -> ExitCode {
    let Err(problem) = run() else { return ExitCode::SUCCESS };
    eprintln!("workers: {problem}");
    ExitCode::FAILURE
}

fn run() -> Result<(), Failure> {
    let port: u16 = number("PORT", "3001")?;
    let count: u64 = number("COUNT", "1000000000")?;
    let most: NonZeroU16 = number("MAX_AT_ONCE", "64")?;
    PLACES.add_permits(most.get().into());

    let runtime =
        runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let bound = TcpListener::bind(("127.0.0.1", port)).await;
        let listener =
            bound.map_err(|e| format!("PORT={port}: {e}; try PORT=0"))?;
        println!("Server running at http://{}/", listener.local_addr()?);
        serve(listener, count).await
    })
}

async fn serve(listener: TcpListener, count: u64) -> ! {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new());
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let service = service_fn(move |asked| answer(asked, count));
                let stream = TokioIo::new(stream);
                tokio::spawn(http.serve_connection(stream, service));
            }
            Err(error) => {
                eprintln!("cannot accept: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

fn reply(status: u16, thread: Pid, body: String) -> Answer {
    let head = Response::builder().status(status);
    let head = if status == 503 { head.header("retry-after", 1) } else { head };
    head.header("content-type", "text/plain")
        .header("served-by", format!("{}/{thread}", process::id()))
        .body(body.into())
        .expect("plain ASCII headers")
}

/// Reads a number from the environment, or says what to set.
fn number<N: FromStr>(name: &str, default: &str) -> Result<N, String> {
    let text = env::var_os(name).unwrap_or(default.into());
    let text = text.to_string_lossy();
    let wrong = format!("{name}={text} will not do; try {name}={default}");
    text.parse().or(Err(wrong))
}
// ANCHOR_END: all
