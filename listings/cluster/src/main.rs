// ANCHOR: all
//! One listener, several worker processes, and a primary that watches them.
//!
//!     cargo run -p cluster
//!     curl -i http://127.0.0.1:3001/block-server &    # In a second terminal.
//!     curl -i http://127.0.0.1:3001/fast-one
//!
//! Look for the order of the answers, and for the two pids in `served-by`.
//! Then `kill` one of the two, and watch the first terminal.

use std::net::TcpListener;
use std::time::{Duration, Instant};
use std::{convert::Infallible, env, error, num, process, str, thread};

use hyper::server::conn::http1;
use hyper::{Request, Response, body, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{SigSet, Signal::*, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus::*, waitpid};
use nix::unistd::{ForkResult::*, Pid, fork, getpid, getppid, gettid};

type Answer = Result<Response<http_body_util::Full<body::Bytes>>, Infallible>;
type Failure = Box<dyn error::Error>;

// ANCHOR: primary
/// Binds, forks the workers, and from then on only watches them.
fn primary() -> Result<(), Failure> {
    let port: u16 = number("PORT", "3001")?;
    let block = Duration::from_millis(number("BLOCK_MS", "5000")?);
    let cores = thread::available_parallelism()?.to_string();
    let count: num::NonZeroU16 = number("WORKERS", &cores)?;
    let listener = TcpListener::bind(("127.0.0.1", port))
        .map_err(|e| format!("PORT={port}: {e}; try PORT=0"))?;
    println!("Primary {} is running", getpid());
    // A blocked signal stays pending until `watch` asks for it.
    let signals = SigSet::from_iter([SIGCHLD, SIGINT, SIGTERM]);
    signals.thread_block()?;
    let (primary, mut workers) = (getpid(), Vec::new());
    for _ in 0..count.get() {
        // SAFETY: a child of one thread may do all that its parent may, and
        // this process has one: it came straight here from `main`.
        match unsafe { fork() } {
            Ok(Parent { child }) => workers.push(child),
            Ok(Child) => {
                signals.thread_unblock()?;
                set_pdeathsig(SIGKILL)?; // If the primary dies, so do we.
                let alive = getppid() == primary;
                return if alive { worker(listener, block) } else { Ok(()) };
            }
            Err(error) => {
                stop(&workers);
                Err(format!("WORKERS={count}: {error}; try WORKERS=1"))?;
            }
        }
    }
    watch(workers, &signals)
}
// ANCHOR_END: primary

// ANCHOR: watch
/// Waits for deaths, or for the wish to stop. As in Node, nobody is replaced.
fn watch(mut workers: Vec<Pid>, signals: &SigSet) -> Result<(), Failure> {
    while !workers.is_empty() {
        if signals.wait()? != SIGCHLD {
            stop(&workers);
            return Ok(());
        }
        // One signal may stand for several deaths.
        while let Ok(status) = waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            match status {
                Exited(pid, code) => println!("worker {pid} died: code {code}"),
                Signaled(pid, by, _) => println!("worker {pid} died: {by}"),
                _ => break,
            }
            workers.retain(|worker| Some(*worker) != status.pid());
        }
    }
    Err("all workers are dead".into())
}

/// Ends the workers, even one that computes or is stopped, and reaps them.
fn stop(workers: &[Pid]) {
    for worker in workers {
        kill(*worker, SIGKILL).and_then(|()| waitpid(*worker, None)).ok();
    }
}
// ANCHOR_END: watch

// ANCHOR: worker
/// Serves the listener that it shares with its siblings. The runtime is its
/// own: none existed when it was forked.
#[tokio::main(flavor = "current_thread")]
async fn worker(listener: TcpListener, block: Duration) -> Result<(), Failure> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let url = format!("http://{}/", listener.local_addr()?);
    println!("Server running at {url} Worker {}", getpid());
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).pipeline_flush(true);
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let service = service_fn(move |asked| answer(asked, block));
                let _ = stream.set_nodelay(true);
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
// ANCHOR_END: worker

async fn answer(asked: Request<body::Incoming>, block: Duration) -> Answer {
    let (status, body) = match asked.uri().path() {
        "/block-server" => {
            println!("Worker {} start block-server", getpid());
            let start = Instant::now();
            while start.elapsed() < block {}
            (200, "Blocked Request!\n")
        }
        "/fast-one" => (200, "I am unblocked now!\n"),
        _ => (404, "No such route.\n"),
    };
    Ok(Response::builder()
        .status(status)
        .header("content-type", "text/plain")
        .header("served-by", format!("{}/{}", getpid(), gettid()))
        .body(body.into())
        .expect("plain ASCII headers"))
}

fn main() -> process::ExitCode {
    let Err(problem) = primary() else { return process::ExitCode::SUCCESS };
    eprintln!("cluster: {problem}");
    process::ExitCode::FAILURE
}

/// Reads a number from the environment, or says what to set.
fn number<N: str::FromStr>(name: &str, default: &str) -> Result<N, String> {
    let text = env::var_os(name).unwrap_or(default.into());
    let text = text.to_string_lossy();
    let wrong = format!("{name}={text} will not do; try {name}={default}");
    text.parse().or(Err(wrong))
}
// ANCHOR_END: all
