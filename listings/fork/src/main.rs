//! A child process for each CPU-bound request, and messages in between.
//!
//!     cargo run -p fork
//!
//! In a second terminal, the slow request first:
//!
//!     curl -i http://127.0.0.1:3001/block-server &
//!     curl -i http://127.0.0.1:3001/fast-one
//!
//! Look for the order of the answers and for the two pids in `served-by`.

use std::io::{BufRead, BufReader, Write, stdin};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};
use std::{env, error::Error, hint, ops::RangeInclusive, process, thread};

use hyper::{Response, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::{net::TcpListener, process::Command};

type Failure = Box<dyn Error + Send + Sync>;
type Answer = Response<http_body_util::Full<hyper::body::Bytes>>;

// ANCHOR: message
/// Travels between parent and child as one line of JSON.
#[derive(serde::Serialize, serde::Deserialize)]
struct Message {
    /// The process that says it.
    pid: u32,
    text: String,
}

fn line(text: String) -> String {
    let message = Message { pid: process::id(), text };
    serde_json::to_string(&message).expect("a text is valid JSON") + "\n"
}
// ANCHOR_END: message

// ANCHOR: answer
/// Answers one request. The path alone decides, whatever the method.
async fn answer(path: &str, places: &'static Semaphore) -> Answer {
    let parent = process::id();
    match (path, places.try_acquire()) {
        ("/block-server", Ok(place)) => match ask_a_child(place).await {
            Ok(Message { pid, text }) => {
                reply(200, pid, format!("{text} Blocked Request!\n"))
            }
            Err(reason) => reply(502, parent, format!("{reason}\n")),
        },
        ("/block-server", Err(_)) => reply(503, parent, "Try later.\n"),
        ("/fast-one", _) => reply(200, parent, "I am unblocked now!\n"),
        _ => reply(404, parent, "No such route.\n"),
    }
}
// ANCHOR_END: answer

// ANCHOR: parent
/// Starts a child, tells it to work, and waits for its word.
async fn ask_a_child(place: SemaphorePermit<'static>) -> Result<Message, Failure> {
    let (ours, theirs) = UnixStream::pair()?;
    let mut child = Command::new("/proc/self/exe")
        .arg("child")
        .stdin(OwnedFd::from(theirs))
        .kill_on_drop(true) // A client that leaves drops all of this.
        .spawn()?;
    ours.set_nonblocking(true)?;
    let ours = tokio::net::UnixStream::from_std(ours)?;
    let mut channel = tokio::io::BufReader::new(ours);
    let start = chrono::Local::now().format("start wait %H:%M:%S").to_string();
    // If the child is gone already, reading says so better than writing.
    let _ = channel.write_all(line(start).as_bytes()).await;

    let mut said = String::new();
    let read = (&mut channel).take(MESSAGE_MAX).read_line(&mut said).await;
    if let (Ok(_), Ok(message)) = (read, serde_json::from_str(&said)) {
        // It is about to exit: reap it, and only then give its place away.
        tokio::spawn(async move {
            let _ = child.wait().await;
            drop((place, channel));
        });
        return Ok(message);
    }
    let _ = child.start_kill();
    let end = child.wait().await?;
    Err(format!("the child sent no answer but {said:?} and ended: {end}").into())
}
// ANCHOR_END: parent
