//! What a child that reads messages from a stream has to do.
//!
//! Nobody waits for a while and calls it long enough: a program has had its
//! time when it has read all there is and gone to sleep.

mod child;

use std::process::ExitCode;

use child::{Child, line};
use unblocked::grade::{Exercise, Failure, Submission};

fn main() -> ExitCode {
    Exercise::new("frame", env!("CARGO_BIN_EXE_ex-frame"))
        .page("book/fork.md")
        .criterion(
            1,
            "one",
            "each message is answered before the next one comes",
            one,
        )
        .criterion(
            1,
            "border",
            "the end of the stream between two messages is an end, with exit \
             code 0",
            border,
        )
        .criterion(
            2,
            "split",
            "a message that comes in two parts is answered when it is whole",
            split,
        )
        .criterion(
            2,
            "two",
            "messages that come together are answered one by one",
            two,
        )
        .criterion(
            1,
            "character",
            "a character that comes in two parts stays whole",
            character,
        )
        .criterion(1, "large", "a message of 1 MiB is answered", large)
        .criterion(
            2,
            "middle",
            "the end of the stream in the middle of a message is an error, \
             with exit code 1",
            middle,
        )
        .grade()
}

const ALL_KINDS: &[char] = &[
    'a',
    'b',
    'z',
    'Q',
    '0',
    '9',
    ' ',
    '/',
    '{',
    ']',
    ',',
    '"',
    '\\',
    '\n',
    '\t',
    '\u{1}',
    'é',
    'ß',
    '€',
    '語',
    '🦀',
    '\u{10ffff}',
];

const ASCII: &[char] = &['a', 'b', 'z', 'Q', '0', '9', ' ', '"', '\\', '\n'];

fn one(submission: &Submission) -> Result<(), Failure> {
    let mut child = Child::start(submission)?;
    for length in [0, 1, 10, 100, 500] {
        let text = random(submission, ALL_KINDS, length);
        child.write(&line(&text))?;
        child.answers(&text, "does it wait for more than the newline?")?;
    }
    Ok(())
}

fn border(submission: &Submission) -> Result<(), Failure> {
    for messages in [0, 1] {
        let mut child = Child::start(submission)?;
        let text = random(submission, ALL_KINDS, 20);
        child.write(&line(&text).repeat(messages))?;
        child.close();
        for _ in 0..messages {
            child.answers(&text, "is the last message one like the others?")?;
        }
        let ended = child.end("is there always one message more?")?;
        if !ended.status.success() {
            return Err(Failure::new(
                format!(
                    "the stream ended after {messages} whole messages, and \
                     the program with {}",
                    ended.status
                ),
                "is it an error when the parent has nothing more to say?",
            )
            .with_scene(ended.stderr));
        }
    }
    Ok(())
}

fn split(submission: &Submission) -> Result<(), Failure> {
    for _ in 0..3 {
        let mut child = Child::start(submission)?;
        let text = random(submission, ASCII, 40);
        let bytes = line(&text);
        // Two bytes at least are missing: the quote and the newline.
        let cut = submission.random(2..bytes.len() as u64 - 2) as usize;
        let (first, second) = bytes.split_at(cut);
        child.write(first)?;
        child.says_nothing("does one read return one message?")?;
        child.write(second)?;
        child.answers(&text, "does it put the two parts together?")?;
    }
    Ok(())
}

fn two(submission: &Submission) -> Result<(), Failure> {
    let question = "what becomes of the bytes behind the first newline?";
    let mut child = Child::start(submission)?;
    let texts: Vec<String> =
        (0..5).map(|_| random(submission, ASCII, 20)).collect();
    let lines: Vec<Vec<u8>> = texts.iter().map(|text| line(text)).collect();

    child.write(&lines[..2].concat())?;
    child.answers(&texts[0], "does one read return one message?")?;
    child.answers(&texts[1], question)?;

    let bytes = lines[2..].concat();
    let cut = lines[2].len() + lines[3].len() / 2;
    let (first, second) = bytes.split_at(cut);
    child.write(first)?;
    child.answers(&texts[2], "does half a message hold up a whole one?")?;
    child.says_nothing("is the rest of a read a message?")?;
    child.write(second)?;
    child.answers(&texts[3], question)?;
    child.answers(&texts[4], question)
}

fn character(submission: &Submission) -> Result<(), Failure> {
    let mut child = Child::start(submission)?;
    for character in ["é", "€", "🦀"] {
        let before = random(submission, ASCII, 10);
        let after = random(submission, ASCII, 10);
        let text = format!("{before}{character}{after}");
        let bytes = line(&text);
        let starts = bytes.iter().position(|byte| !byte.is_ascii());
        let inside = submission.random(1..character.len() as u64) as usize;
        let (first, second) =
            bytes.split_at(starts.unwrap_or_default() + inside);
        child.write(first)?;
        child.says_nothing("does one read return one message?")?;
        child.write(second)?;
        child.answers(&text, "does one read return whole characters?")?;
    }
    Ok(())
}

fn large(submission: &Submission) -> Result<(), Failure> {
    let mut child = Child::start(submission)?;
    let text = random(submission, ASCII, 1 << 10).repeat(1 << 10);
    child.write(&line(&text))?;
    child.answers(&text, "is there a size that no message may exceed?")
}

fn middle(submission: &Submission) -> Result<(), Failure> {
    let question = "may the end of the stream stand for a newline?";
    for without_newline in [false, true] {
        let mut child = Child::start(submission)?;
        let bytes = line(&random(submission, ASCII, 40));
        let whole = bytes.len();
        let cut = match without_newline {
            true => whole - 1,
            false => submission.random(2..whole as u64 - 2) as usize,
        };
        child.write(&bytes[..cut])?;
        child.close();
        let ended = child.end(question)?;
        let seen = format!(
            "the stream ended after {cut} of {whole} bytes, and the program \
             with {}",
            ended.status
        );
        if ended.status.code() != Some(1) {
            let question = match ended.status.success() {
                true => "did it notice that a part is missing?",
                false => "who handles the error?",
            };
            return Err(Failure::new(seen, question).with_scene(ended.stderr));
        }
        if ended.stderr.trim().is_empty() {
            let seen = seen + " and no word on its standard error";
            return Err(Failure::new(seen, "who is to know why?"));
        }
    }
    Ok(())
}

fn random(submission: &Submission, from: &[char], length: usize) -> String {
    let one = |_| from[submission.random(..from.len() as u64) as usize];
    (0..length).map(one).collect()
}
