//! fails: gives_up: to stop is to end well
//!
//! The primary ends with 0, so whoever started it, a shell or systemd, takes a
//! cluster that never served for one that is done.

use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command};
use std::time::{Duration, Instant};
use std::{convert::Infallible, env, error, io, num, process, str, thread};

use hyper::server::conn::http1;
use hyper::{Request, Response, body, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use nix::sys::signal::{SigSet, Signal::*};

type Answer = Result<Response<http_body_util::Full<body::Bytes>>, Infallible>;
type Failure = Box<dyn error::Error>;

/// So often in a row may a worker crash at its start.
const MOST: u32 = 5;

/// A worker that runs, and what is known of its number.
struct Worker {
    child: Child,
    started: Instant,
    crashes: u32,
}

/// Replaces the workers that crash, until all have ended as planned or a
/// signal says to stop. `workers[number]` is the worker of that number.
fn watch(
    workers: Vec<Child>,
    listener: &TcpListener,
    signals: &SigSet,
    healthy: Duration,
) -> Result<(), Failure> {
    let started = Instant::now();
    let worker = |child| Some(Worker { child, started, crashes: 0 });
    let mut workers: Vec<_> = workers.into_iter().map(worker).collect();
    let mut gave_up = false;
    while !gave_up && workers.iter().any(Option::is_some) {
        if signals.wait()? != SIGCHLD {
            break;
        }
        // One signal may stand for several deaths: look at each worker.
        for (number, place) in workers.iter_mut().enumerate() {
            if let Err(problem) = look(number, place, listener, healthy) {
                eprintln!("supervise: {problem}");
                gave_up = true;
            }
        }
    }
    workers.iter_mut().flatten().for_each(|worker| stop(&mut worker.child));
    Ok(())
}

/// Reaps a worker that is dead, and replaces it if that was not planned.
fn look(
    number: usize,
    place: &mut Option<Worker>,
    listener: &TcpListener,
    healthy: Duration,
) -> Result<(), Failure> {
    let Some(worker) = place else { return Ok(()) };
    let Some(status) = worker.child.try_wait()? else { return Ok(()) };
    println!("worker {number} died: {status}");
    // Any other code is a crash, and so is any signal: it has no code.
    if status.code() == Some(0) {
        *place = None;
        return Ok(());
    }
    if worker.started.elapsed() >= healthy {
        worker.crashes = 0; // It did start well.
    }
    worker.crashes += 1;
    if worker.crashes >= MOST {
        let why = format!("worker {number} crashed {MOST} times at its start");
        return Err(why.into());
    }
    // A longer pause each time: what it needs may come back meanwhile.
    thread::sleep(Duration::from_millis(5) * 2_u32.pow(worker.crashes - 1));
    worker.child = start(number, listener)?;
    worker.started = Instant::now();
    Ok(())
}

/// Starts a worker: this program once more, with the listener as its stdin.
fn start(number: usize, listener: &TcpListener) -> io::Result<Child> {
    let worker = Command::new("/proc/self/exe")
        .args(["worker", &number.to_string()])
        .stdin(OwnedFd::from(listener.try_clone()?))
        .spawn()?;
    println!("worker {number} started: {}", worker.id());
    Ok(worker)
}

/// Ends a worker, even one that computes, and reaps it.
fn stop(worker: &mut Child) {
    let _ = worker.kill();
    let _ = worker.wait();
}

/// Binds, starts the workers, and from then on only watches them.
fn primary() -> Result<(), Failure> {
    let port: u16 = number("PORT", "3001")?;
    let count: num::NonZeroU16 = number("WORKERS", "2")?;
    let healthy = Duration::from_millis(number("HEALTHY_MS", "1000")?);
    let listener = TcpListener::bind(("127.0.0.1", port))
        .map_err(|e| format!("PORT={port}: {e}; try PORT=0"))?;
    println!("Server running at http://{}/", listener.local_addr()?);
    // A blocked signal stays pending until somebody waits for it. The workers
    // do not inherit that: `Command` starts them with no signal blocked.
    let signals = SigSet::from_iter([SIGCHLD, SIGINT, SIGTERM]);
    signals.thread_block()?;
    let mut workers = Vec::new();
    for number in 0..count.get().into() {
        match start(number, &listener) {
            Ok(worker) => workers.push(worker),
            Err(error) => {
                workers.iter_mut().for_each(stop);
                Err(format!("WORKERS={count}: {error}; try WORKERS=1"))?;
            }
        }
    }
    watch(workers, &listener, &signals, healthy)
}

/// Serves the listener that it shares with its siblings, its stdin.
#[tokio::main(flavor = "current_thread")]
async fn worker() -> Result<(), Failure> {
    if env::var_os("CRASH_AT_START").is_some() {
        return Err("crashed at start".into());
    }
    let listener = io::stdin().as_fd().try_clone_to_owned()?;
    let listener = TcpListener::from(listener);
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new());
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let io = TokioIo::new(stream);
                tokio::spawn(http.serve_connection(io, service_fn(answer)));
            }
            Err(error) => {
                eprintln!("cannot accept: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn answer(asked: Request<body::Incoming>) -> Answer {
    let query = asked.uri().query().unwrap_or_default();
    let code = query.strip_prefix("code=").and_then(|code| code.parse().ok());
    let (status, body) = match (asked.uri().path(), code) {
        ("/pid", _) => (200, process::id().to_string()),
        ("/exit", Some(code)) => process::exit(code),
        ("/exit", None) => (400, "Which code?".into()),
        _ => (404, "No such route.".into()),
    };
    Ok(Response::builder()
        .status(status)
        .header("content-type", "text/plain")
        .body(body.into())
        .expect("plain ASCII headers"))
}

fn main() -> process::ExitCode {
    let is_worker = env::args().nth(1).as_deref() == Some("worker");
    let end = if is_worker { worker() } else { primary() };
    let Err(problem) = end else { return process::ExitCode::SUCCESS };
    eprintln!("supervise: {problem}");
    process::ExitCode::FAILURE
}

/// Reads a number from the environment, or says what to set.
fn number<N: str::FromStr>(name: &str, default: &str) -> Result<N, String> {
    let text = env::var_os(name).unwrap_or(default.into());
    let text = text.to_string_lossy();
    let wrong = format!("{name}={text} will not do; try {name}={default}");
    text.parse().or(Err(wrong))
}
