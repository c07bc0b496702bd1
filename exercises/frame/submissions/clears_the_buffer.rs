//! fails: two: a read that brings a newline brings nothing more
//!
//! It makes room for the next message, which had begun already.

use std::error::Error;
use std::fs::File;
use std::io::{Read, stdin};
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
    let mut channel = Channel { stream, bytes: vec![], messages: vec![] };
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
    stream: File,
    bytes: Vec<u8>,
    /// Messages that came along with an earlier one, the last first.
    messages: Vec<String>,
}

impl Channel {
    /// Waits for the next message: a line with one string as JSON. `None` says
    /// that the parent has nothing more to say.
    fn receive(&mut self) -> Result<Option<String>, Failure> {
        while self.messages.is_empty() {
            let mut part = [0; 65536];
            match self.stream.read(&mut part)? {
                0 if self.bytes.is_empty() => return Ok(None),
                0 => return Err("the stream ended in a message".into()),
                length => self.bytes.extend(&part[..length]),
            }
            let mut lines: Vec<&[u8]> =
                self.bytes.split_inclusive(|&byte| byte == b'\n').collect();
            lines.retain(|line| line.ends_with(b"\n"));
            for line in lines.iter().rev() {
                self.messages.push(serde_json::from_slice(line)?);
            }
            if !self.messages.is_empty() {
                self.bytes.clear();
            }
        }
        Ok(self.messages.pop())
    }
}
