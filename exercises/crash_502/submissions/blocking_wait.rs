//! fails: at_once, free, leaves: asking and sleeping in turns counts as waiting
//!
//! `try_wait` does not block, but `thread::sleep` does: the thread that serves
//! all clients sleeps until this one child has ended.

use std::io::{Write, stdin};
use std::os::{fd::AsFd, fd::OwnedFd, unix::net::UnixStream};
use std::process::Command;
use std::time::{Duration, Instant};
use std::{convert::Infallible, env, error, process, str::FromStr, thread};

use hyper::{
    Request, Response, body, server::conn::http1, service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::{net, signal::unix};

type Answer = Response<http_body_util::Full<body::Bytes>>;
type Failure = Box<dyn error::Error + Send + Sync>;

/// What a child says: its pid and a text, as one line of JSON.
type Message = (u32, String);

/// Starts a child for the job, and waits for what it says.
async fn ask(job: &str, deadline: Duration) -> Result<String, Problem> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    let mut channel = BufReader::new(net::UnixStream::from_std(ours)?);
    let mut command = Command::new("/proc/self/exe");
    command.args(["child", job]).stdin(OwnedFd::from(theirs));
    let mut child = command.spawn()?;
    drop(command);

    let start = Instant::now();
    let end = loop {
        if let Some(end) = child.try_wait()? {
            break end;
        }
        if start.elapsed() > deadline {
            child.kill()?;
            child.wait()?;
            return Err(Problem(504, "No word in time.".into()));
        }
        thread::sleep(Duration::from_millis(1));
    };
    let mut said = String::new();
    channel.read_line(&mut said).await?;
    match serde_json::from_str::<Message>(&said) {
        Ok((_, text)) => Ok(text),
        Err(why) => Err(Problem(502, format!("No message: {why}; {end}"))),
    }
}

/// Why there is no text: the status of the answer, and its body.
struct Problem(u16, String);

/// So that `?` makes a 502 of an error.
impl<E: error::Error> From<E> for Problem {
    fn from(error: E) -> Self {
        Problem(502, error.to_string())
    }
}

async fn answer(
    asked: Request<body::Incoming>,
    deadline: Duration,
) -> Result<Answer, Infallible> {
    let job = asked.uri().query().unwrap_or_default();
    Ok(match asked.uri().path() {
        "/job" => match ask(job, deadline).await {
            Ok(text) => reply(200, text),
            Err(Problem(status, reason)) => reply(status, reason),
        },
        "/fast-one" => reply(200, "I am unblocked now!".into()),
        _ => reply(404, "No such route.".into()),
    })
}

/// The whole life of a child. Its end of the channel is its stdin.
fn child(job: &str) -> Result<(), Failure> {
    let mut channel = UnixStream::from(stdin().as_fd().try_clone_to_owned()?);
    let text = value(job, "text");
    match value(job, "do") {
        "answer" => {
            let message: Message = (process::id(), text.into());
            let line = serde_json::to_string(&message)? + "\n";
            channel.write_all(line.as_bytes())?;
        }
        "garbage" => writeln!(channel, "{text}")?,
        "exit" => process::exit(value(job, "code").parse()?),
        "silent" => {}
        // Longer than anybody waits, but not for ever.
        "hang" | "kill" => thread::sleep(Duration::from_secs(60)),
        other => Err(format!("do={other}: no such job"))?,
    }
    Ok(())
}

/// The value of `name` in a query, such as `do=exit&code=3`.
fn value<'a>(query: &'a str, name: &str) -> &'a str {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|pair| pair.0 == name).map_or("", |pair| pair.1)
}

#[tokio::main(flavor = "current_thread")]
async fn parent() -> Result<(), Failure> {
    let port: u16 = number("PORT", "3001")?;
    let deadline = Duration::from_millis(number("DEADLINE_MS", "1000")?);
    // With a listener for it, a child that tokio inherits is reaped at once.
    let _wake = unix::signal(unix::SignalKind::child())?;
    let bound = net::TcpListener::bind(("127.0.0.1", port)).await;
    let listener =
        bound.map_err(|e| format!("PORT={port}: {e}; try PORT=0"))?;
    println!("Server running at http://{}/", listener.local_addr()?);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new());
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let service = service_fn(move |asked| answer(asked, deadline));
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

fn main() -> process::ExitCode {
    let mut words = env::args().skip(1);
    let end = match (words.next().as_deref(), words.next()) {
        (Some("child"), Some(job)) => child(&job),
        _ => parent(),
    };
    let Err(problem) = end else { return process::ExitCode::SUCCESS };
    eprintln!("crash_502: {problem}");
    process::ExitCode::FAILURE
}

fn reply(status: u16, body: String) -> Answer {
    Response::builder()
        .status(status)
        .header("content-type", "text/plain")
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
