//! The program at work, and what its parent may ask of it.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use rustix::io::ioctl_fionread;
use serde_json::{Value, json};
use unblocked::grade::{Ended, Failure, Running, Submission};

/// A message as it is written to the stream.
pub fn line(text: &str) -> Vec<u8> {
    (json!(text).to_string() + "\n").into_bytes()
}

/// The program at work.
pub struct Child<'a> {
    submission: &'a Submission,
    /// Until it has ended.
    running: Option<Running>,
    answers: Receiver<String>,
    has_answered: bool,
}

/// What comes next.
enum Next {
    Answer(String),
    /// It has closed its standard output.
    End,
    /// It has read all there is, and sleeps.
    Nothing,
}

impl<'a> Child<'a> {
    pub fn start(submission: &'a Submission) -> Result<Self, Failure> {
        let mut running = submission.spawn(submission.command())?;
        let (sender, answers) = channel();
        if let Some(stdout) = running.stdout.take() {
            thread::spawn(move || listen(stdout, &sender));
        }
        let running = Some(running);
        Ok(Child { submission, running, answers, has_answered: false })
    }

    /// Writes all of it, in one write if it fits into the pipe.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.submission.step(format!("writing {} bytes to it", bytes.len()));
        let Some(running) = &mut self.running else { return Ok(()) };
        let Some(stream) = &mut running.stdin else { return Ok(()) };
        match stream.write_all(bytes) {
            // It does not read any more. Its end will say more about that.
            Err(end) if end.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => Ok(written?),
        }
    }

    /// Closes the stream, which the program reads as its end.
    pub fn close(&mut self) {
        if let Some(running) = &mut self.running {
            running.stdin = None;
        }
    }

    /// The next thing that it says is the answer to this text.
    pub fn answers(
        &mut self,
        text: &str,
        question: &str,
    ) -> Result<(), Failure> {
        let answer = match self.next("waiting for an answer")? {
            Next::Answer(answer) => answer,
            Next::End => {
                let seen = "it ended where an answer was due";
                return Err(self.ended(seen, question)?);
            }
            Next::Nothing => {
                return Err(Failure::new(
                    "it has read a whole message, and sleeps without a word",
                    match self.has_answered {
                        true => question,
                        false => "does it wait for the end, or for some time?",
                    },
                ));
            }
        };
        self.has_answered = true;
        let (count, sum) = (text.chars().count() as u64, sum(text));
        let said: Value = serde_json::from_str(&answer).unwrap_or_default();
        if said == json!({ "characters": count, "sum": sum }) {
            return Ok(());
        }
        let seen = match said["characters"].as_u64() {
            Some(other) if other != count => {
                format!("of {count} characters it has got {other}")
            }
            Some(_) => {
                format!("the bytes add up to {sum}, it says {}", said["sum"])
            }
            None => format!("it answered `{}`", shortened(&answer)),
        };
        Err(Failure::new(seen, question))
    }

    /// It takes what it was sent, and waits for more.
    pub fn says_nothing(&mut self, question: &str) -> Result<(), Failure> {
        match self.next("waiting until it has read a part of a message")? {
            Next::Nothing => Ok(()),
            Next::Answer(answer) => Err(Failure::new(
                format!(
                    "a part of a message was answered with `{}`",
                    shortened(&answer)
                ),
                question,
            )),
            Next::End => {
                let seen = "it ended where the rest of a message was to come";
                Err(self.ended(seen, question)?)
            }
        }
    }

    /// It ends, and says nothing more.
    pub fn end(mut self, question: &str) -> Result<Ended, Failure> {
        match self.next("waiting for its end")? {
            Next::End => self.wait(),
            Next::Answer(answer) => Err(Failure::new(
                format!(
                    "the stream ended, and it answered `{}`",
                    shortened(&answer)
                ),
                question,
            )),
            Next::Nothing => Err(Failure::new(
                "the stream ended, and it goes on sleeping",
                "what does a read return at the end of a stream?",
            )),
        }
    }

    /// Why it has ended although nobody asked it to.
    fn ended(
        &mut self,
        seen: &str,
        question: &str,
    ) -> Result<Failure, Failure> {
        let Ended { status, stderr, .. } = self.wait()?;
        let seen = format!("{seen}, with {status}");
        Ok(Failure::new(seen, question).with_scene(stderr))
    }

    fn wait(&mut self) -> Result<Ended, Failure> {
        match self.running.take() {
            Some(running) => running.wait(),
            None => Err(Failure::new("it had ended before", "why?")),
        }
    }

    fn next(&self, step: &str) -> Result<Next, Failure> {
        self.submission.step(step);
        let mut asleep = 0;
        loop {
            // As often as it takes to be sure that it is no nap.
            let last = asleep == 20;
            match self.answers.recv_timeout(Duration::from_millis(5)) {
                Ok(answer) => return Ok(Next::Answer(answer)),
                Err(RecvTimeoutError::Disconnected) => return Ok(Next::End),
                Err(RecvTimeoutError::Timeout) if last => {
                    return Ok(Next::Nothing);
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            let waits = match &self.running {
                Some(running) => has_read_all(running)? && sleeps(running)?,
                None => false,
            };
            asleep = if waits { asleep + 1 } else { 0 };
        }
    }
}

/// Hands on each line that the program prints. One that prints without end
/// gets stuck, and does not fill the memory.
fn listen(stdout: impl Read, sender: &Sender<String>) {
    const MOST: u64 = 1 << 20;
    let mut stdout = BufReader::new(stdout.take(MOST));
    let mut bytes = Vec::new();
    while stdout.read_until(b'\n', &mut bytes).is_ok_and(|read| read > 0) {
        let line = String::from_utf8_lossy(&bytes).trim().to_owned();
        if sender.send(line).is_err() {
            return;
        }
        bytes.clear();
    }
}

fn has_read_all(running: &Running) -> Result<bool, Failure> {
    let Some(stream) = &running.stdin else { return Ok(true) };
    // A pipe is one and the same at both of its ends.
    Ok(ioctl_fionread(stream).map_err(io::Error::from)? == 0)
}

/// Whether all of its threads sleep. Whoever waits for a core does not.
fn sleeps(running: &Running) -> Result<bool, Failure> {
    for thread in fs::read_dir(format!("/proc/{}/task", running.pid()))? {
        let stat = fs::read_to_string(thread?.path().join("stat"));
        // A thread that ends while we look does not sleep.
        let Ok(stat) = stat else { return Ok(false) };
        // The name comes before, in parentheses, and may hold anything.
        let state = stat.rsplit_once(") ").map(|(_, state)| state);
        if !state.is_some_and(|state| state.starts_with('S')) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn sum(text: &str) -> u64 {
    text.bytes().map(u64::from).sum()
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}
