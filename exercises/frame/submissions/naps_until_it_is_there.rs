//! fails: split, two, character, large, middle: one message comes at once
//!
//! The nap is long enough on a machine that has nothing to do.

use std::error::Error;
use std::fs::File;
use std::io::{Read, stdin};
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

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
    let mut channel = Channel { stream, messages: Vec::new() };
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
    /// Messages that came along with an earlier one, the last first.
    messages: Vec<String>,
}

impl Channel {
    /// Waits for the next message: a line with one string as JSON. `None` says
    /// that the parent has nothing more to say.
    fn receive(&mut self) -> Result<Option<String>, Failure> {
        if self.messages.is_empty() {
            let mut bytes = vec![0; 1 << 21];
            let first = self.stream.read(&mut bytes[..1])?;
            if first == 0 {
                return Ok(None);
            }
            thread::sleep(Duration::from_millis(20));
            let length = self.stream.read(&mut bytes[1..])?;
            let text = str::from_utf8(&bytes[..1 + length])?;
            let lines = text.lines().rev();
            let messages = lines.map(serde_json::from_str);
            self.messages = messages.collect::<Result<_, _>>()?;
        }
        Ok(self.messages.pop())
    }
}
