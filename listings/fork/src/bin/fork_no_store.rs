//! A child process for each request, and answers that must not be stored.
//!
//!     cargo run -p fork --bin fork_no_store
//!     curl -i http://127.0.0.1:3001/block-server      # In a second terminal.
//!
//! Look for `cache-control: no-store`. Then open /block-server in three tabs
//! of one Chrome: they still get their answers one after the other.

use std::io::{BufRead, BufReader, Write, stdin};
use std::os::{fd::AsFd, fd::OwnedFd, unix::net::UnixStream};
use std::{convert::Infallible, env, error, num, process};
use std::{str::FromStr, thread, time::Duration, time::Instant};

use hyper::{Request, Response, body};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tokio::io::{AsyncBufReadExt, AsyncReadExt};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::{net, process::Command, signal::unix};

type Answer = Response<http_body_util::Full<body::Bytes>>;
type Failure = Box<dyn error::Error + Send + Sync>;

/// A place for each child that may run; `parent` sets how many.
static PLACES: Semaphore = Semaphore::const_new(0);

async fn answer(asked: Request<body::Incoming>) -> Result<Answer, Infallible> {
    let parent = process::id();
    Ok(match asked.uri().path() {
        "/block-server" => match PLACES.try_acquire() {
            Ok(place) => match ask(place).await {
                Ok((pid, said)) => reply(200, pid, said + " Blocked Request!"),
                Err(reason) => reply(502, parent, reason.to_string()),
            },
            Err(_) => reply(503, parent, "Too many at once.".into()),
        },
        "/fast-one" => reply(200, parent, "I am unblocked now!".into()),
        _ => reply(404, parent, "No such route.".into()),
    })
}

/// What one process says to the other: its pid and a text, as a line of JSON.
type Message = (u32, String);

/// Starts a child that has work to read, and waits for what it says.
async fn ask(_place: SemaphorePermit<'static>) -> Result<Message, Failure> {
    let (mut ours, theirs) = UnixStream::pair()?;
    let start = chrono::Local::now().format("start wait %H:%M:%S");
    ours.write_all(line(&start.to_string()).as_bytes())?;
    ours.set_nonblocking(true)?;
    let channel = tokio::io::BufReader::new(net::UnixStream::from_std(ours)?);
    let mut child = Command::new("/proc/self/exe")
        .arg("child")
        .stdin(OwnedFd::from(theirs))
        .kill_on_drop(true) // A client that leaves drops all of this.
        .spawn()?;
    let mut said = String::new();
    let _ = channel.take(1 << 24).read_line(&mut said).await; // Bytes.
    child.start_kill()?; // It said its word, or it never will.
    let end = child.wait().await?; // Reaps it.
    let message = serde_json::from_str(&said);
    message.map_err(|why| format!("No child answered: {why}; {end}").into())
}

fn line(text: &str) -> String {
    serde_json::json!((process::id(), text)).to_string() + "\n"
}

/// The whole life of a child. Its end of the channel is its stdin.
fn child() -> Result<(), Failure> {
    let block = Duration::from_millis(number("BLOCK_MS", "5000")?);
    let channel = UnixStream::from(stdin().as_fd().try_clone_to_owned()?);
    let parent = channel.try_clone()?;
    thread::spawn(move || {
        // Asked for no event, poll reports one only: the other end is gone.
        let mut fds = [PollFd::new(parent.as_fd(), PollFlags::empty())];
        let _ = poll(&mut fds, PollTimeout::NONE);
        process::exit(1);
    });
    let (mut lines, mut said) = (BufReader::new(&channel), String::new());
    while said.is_empty() || !lines.buffer().is_empty() {
        said.clear();
        lines.read_line(&mut said)?;
        println!("{}", serde_json::from_str::<Message>(&said)?.1);
        let start = Instant::now();
        while start.elapsed() < block {}
        (&channel).write_all(line("End wait").as_bytes())?;
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn parent() -> Result<(), Failure> {
    let port: u16 = number("PORT", "3001")?;
    let most: num::NonZeroU16 = number("MAX_AT_ONCE", "64")?;
    PLACES.add_permits(most.get().into());
    number::<u64>("BLOCK_MS", "5000")?; // Better now than in each child.
    let _wake = unix::signal(unix::SignalKind::child())?; // To reap at once.
    let bound = net::TcpListener::bind(("127.0.0.1", port)).await;
    let listener =
        bound.map_err(|e| format!("PORT={port}: {e}; try PORT=0"))?;
    println!("Server running at http://{}/", listener.local_addr()?);
    let (mut http, service) = (http1::Builder::new(), service_fn(answer));
    http.timer(TokioTimer::new());
    loop {
        match listener.accept().await.map(|(stream, _)| TokioIo::new(stream)) {
            Ok(io) => drop(tokio::spawn(http.serve_connection(io, service))),
            Err(error) => {
                eprintln!("cannot accept: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

fn main() -> process::ExitCode {
    let is_child = env::args().any(|word| word == "child");
    let end = if is_child { child() } else { parent() };
    let Err(problem) = end else { return process::ExitCode::SUCCESS };
    eprintln!("fork_no_store: {problem}");
    process::ExitCode::FAILURE
}

fn reply(status: u16, pid: u32, body: String) -> Answer {
    let head = Response::builder().status(status);
    let head = if status == 503 { head.header("retry-after", 1) } else { head };
    let head = head.header("content-type", "text/plain");
    let head = head.header("cache-control", "no-store");
    let head = head.header("served-by", format!("{pid}/{pid}"));
    head.body((body + "\n").into()).expect("plain ASCII headers")
}

/// Reads a number from the environment, or says what to set.
fn number<N: FromStr>(name: &str, default: &str) -> Result<N, String> {
    let text = env::var_os(name).unwrap_or(default.into());
    let text = text.to_string_lossy();
    let wrong = format!("{name}={text} will not do; try {name}={default}");
    text.parse().or(Err(wrong))
}
