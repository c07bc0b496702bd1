//! passes: it reads until a newline comes, however many reads that takes.
//!
//! `BufReader` keeps what a read brought beyond the newline, for the next
//! message. Bytes become text when the message is whole, so no character is
//! in two parts. An end that comes after some bytes and before their newline
//! came too early.

use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader, stdin};
use std::os::fd::AsFd;
use std::process::ExitCode;

use serde_json::json;

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> ExitCode {
    let Err(problem) = run() else { return ExitCode::SUCCESS };
    eprintln!("frame: {problem}");
    ExitCode::FAILURE
}

fn run() -> Result<(), Failure> {
    // A file, since `Stdin` has a buffer that nobody sees.
    let stream = File::from(stdin().as_fd().try_clone_to_owned()?);
    let mut channel = Channel { stream: BufReader::new(stream) };
    while let Some(text) = channel.receive()? {
        println!("{}", answer(&text));
    }
    Ok(())
}

/// Says how many characters the text has, and what the bytes of its UTF-8 add
/// up to.
fn answer(text: &str) -> String {
    let sum: u64 = text.bytes().map(u64::from).sum();
    json!({ "characters": text.chars().count(), "sum": sum }).to_string()
}

/// Our end of the channel.
struct Channel {
    stream: BufReader<File>,
}

impl Channel {
    /// Waits for the next message: a line with one string as JSON. `None` says
    /// that the parent has nothing more to say.
    fn receive(&mut self) -> Result<Option<String>, Failure> {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        if !line.ends_with(b"\n") {
            let length = line.len();
            let problem = "the stream ended in the middle of a message";
            return Err(format!("{problem}, after {length} bytes").into());
        }
        Ok(Some(serde_json::from_slice(&line)?))
    }
}
