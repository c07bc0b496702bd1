//! fails: character: what one read brings is whole characters
//!
//! A read ends anywhere, also inside a character. Both halves become U+FFFD.

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
    let mut channel = Channel { stream, text: String::new() };
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
    text: String,
}

impl Channel {
    /// Waits for the next message: a line with one string as JSON. `None` says
    /// that the parent has nothing more to say.
    fn receive(&mut self) -> Result<Option<String>, Failure> {
        loop {
            if let Some(end) = self.text.find('\n') {
                let line: String = self.text.drain(..=end).collect();
                return Ok(Some(serde_json::from_str(&line)?));
            }
            let mut bytes = [0; 4096];
            match self.stream.read(&mut bytes)? {
                0 if self.text.is_empty() => return Ok(None),
                0 => return Err("the stream ended in a message".into()),
                length => {
                    let more = String::from_utf8_lossy(&bytes[..length]);
                    self.text += &more;
                }
            }
        }
    }
}
