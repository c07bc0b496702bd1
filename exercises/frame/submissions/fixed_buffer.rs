//! fails: large: 64 KiB are enough for anybody

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
    let mut channel = Channel { stream, bytes: [0; 65536], length: 0 };
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
    bytes: [u8; 65536],
    length: usize,
}

impl Channel {
    /// Waits for the next message: a line with one string as JSON. `None` says
    /// that the parent has nothing more to say.
    fn receive(&mut self) -> Result<Option<String>, Failure> {
        loop {
            let bytes = &self.bytes[..self.length];
            if let Some(end) = bytes.iter().position(|&byte| byte == b'\n') {
                let text = serde_json::from_slice(&bytes[..end])?;
                self.bytes.copy_within(end + 1..self.length, 0);
                self.length -= end + 1;
                return Ok(Some(text));
            }
            match self.stream.read(&mut self.bytes[self.length..])? {
                0 if self.length == 0 => return Ok(None),
                0 => return Err("the stream ended in a message".into()),
                more => self.length += more,
            }
        }
    }
}
