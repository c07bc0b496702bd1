//! fails: one, split, two, character, large: first everything is read
//!
//! The parent waits for an answer, and the child for the end.

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
    let mut channel = Channel { stream, messages: None };
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
    /// What was read, the last message first.
    messages: Option<Vec<String>>,
}

impl Channel {
    /// Waits for the next message: a line with one string as JSON. `None` says
    /// that the parent has nothing more to say.
    fn receive(&mut self) -> Result<Option<String>, Failure> {
        if self.messages.is_none() {
            let mut text = String::new();
            self.stream.read_to_string(&mut text)?;
            if !text.is_empty() && !text.ends_with('\n') {
                return Err("the stream ended in a message".into());
            }
            let lines = text.lines().rev();
            let messages = lines.map(serde_json::from_str);
            self.messages = Some(messages.collect::<Result<_, _>>()?);
        }
        Ok(self.messages.as_mut().and_then(Vec::pop))
    }
}
