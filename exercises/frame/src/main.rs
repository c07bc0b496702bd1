//! A child that answers each message of its parent. Its end of the channel
//! is its standard input, and its standard output takes the answers.
//!
//!     cargo run -p ex-frame
//!
//! You are the parent then: type `"hello"`, with the quotes, and Ctrl-D.

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
    let mut channel = Channel { stream };
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
}

impl Channel {
    /// Waits for the next message: a line with one string as JSON. `None` says
    /// that the parent has nothing more to say.
    fn receive(&mut self) -> Result<Option<String>, Failure> {
        // TODO: a message ends with its newline, wherever a read ends.
        let mut bytes = [0; 65536];
        let length = self.stream.read(&mut bytes)?;
        if length == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&bytes[..length]);
        Ok(Some(serde_json::from_str(&line)?))
    }
}
