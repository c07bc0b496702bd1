use std::io::{BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, id};

use rustix::io::ioctl_fionread;
use unblocked::lab::HANG;

use crate::support::{End, Program, program, until};

/// Longer than any hang guard, so that nothing can end by itself.
const FOR_EVER_MS: u64 = 600_000;

/// What the two processes say: a pid and a text, as a line of JSON.
type Message = (u32, String);

/// A child of `fork` without its parent, and the parent's end of the channel.
struct Child {
    program: Program,
    channel: UnixStream,
    /// The child's own end: how much of it is unread, both sides can see.
    inside: UnixStream,
}

#[track_caller]
fn start(block_ms: u64) -> Child {
    let (channel, theirs) = UnixStream::pair().expect("two descriptors");
    channel.set_read_timeout(Some(HANG)).expect("not zero");
    // A child that no longer reads would let a long message wait for ever.
    channel.set_write_timeout(Some(HANG)).expect("not zero");
    let inside = theirs.try_clone().expect("one more descriptor");
    let mut command = Command::new(program("fork"));
    let command = command.arg("child").stdin(OwnedFd::from(theirs));
    let command = command.env("BLOCK_MS", block_ms.to_string());
    Child { program: Program::start(command), channel, inside }
}

impl Child {
    #[track_caller]
    fn write(&mut self, bytes: &[u8]) {
        self.channel.write_all(bytes).expect("the child reads");
    }

    /// What it answers until its end, which it comes to although nobody has
    /// closed the channel.
    #[track_caller]
    fn answers(&mut self) -> (Vec<Message>, End) {
        let end = self.program.end();
        // Both ends are ours now.
        self.inside.shutdown(Shutdown::Write).expect("it is open");
        let mut said = String::new();
        self.channel.read_to_string(&mut said).expect("it is UTF-8");
        assert!(said.is_empty() || said.ends_with('\n'), "{said:?}");
        let read = |line| serde_json::from_str(line).expect("a message");
        (said.lines().map(read).collect(), end)
    }

    /// Asserts that it prints these texts and answers each of them.
    #[track_caller]
    fn works_off(&mut self, texts: &[&str]) {
        let (answers, end) = self.answers();
        let answer: Message = (self.program.pid(), "End wait".into());
        assert_eq!(answers, vec![answer; texts.len()]);
        assert!(end.stdout == texts, "it printed another text");
        assert_eq!((end.status.code(), &*end.stderr), (Some(0), ""));
    }

    /// Asserts that it fails with a reason in one line, and not by a panic.
    #[track_caller]
    fn fails(&mut self) {
        let (answers, end) = self.answers();
        assert_eq!((answers.len(), end.stdout.len()), (0, 0), "{end:?}");
        assert_eq!(end.status.code(), Some(1));
        let reason = end.stderr.strip_prefix("fork: ").expect("a reason");
        assert_eq!(reason.lines().count(), 1, "{reason}");
        assert!(!reason.contains("panicked"), "{reason}");
    }
}

fn message(text: &str) -> String {
    serde_json::json!((id(), text)).to_string() + "\n"
}

#[test]
fn it_prints_its_message_answers_and_exits_with_the_channel_open() {
    let mut child = start(0);
    child.write(message("start wait 09:05:03").as_bytes());
    child.works_off(&["start wait 09:05:03"]);
}

#[test]
fn its_answer_is_one_line_of_json_with_its_pid_and_a_text() {
    let mut child = start(0);
    child.write(message("start").as_bytes());
    let mut line = String::new();
    let mut channel = BufReader::new(&child.channel);
    channel.read_line(&mut line).expect("it answers");
    assert_eq!(line, format!("[{},\"End wait\"]\n", child.program.pid()));
}

#[test]
fn a_message_split_over_two_writes_is_put_together() {
    let whole = message("split in the ö of this");
    let bytes = whole.as_bytes();
    let middle = whole.find('ö').expect("it is there") + 1;
    // In the text, in the middle of a character, and just before the newline.
    for cut in [5, middle, bytes.len() - 1] {
        let mut child = start(0);
        child.write(&bytes[..cut]);
        // Not before the first part is taken, or the two would be read as one.
        let inside = child.inside.try_clone().expect("one more descriptor");
        until("the first part to be read", || {
            ioctl_fionread(&inside).expect("a socket") == 0
        });
        child.write(&bytes[cut..]);
        child.works_off(&["split in the ö of this"]);
    }
}

#[test]
fn two_messages_in_one_write_are_both_answered_in_order() {
    let mut child = start(0);
    child.write((message("first") + &*message("second")).as_bytes());
    child.works_off(&["first", "second"]);
}

#[test]
fn what_is_not_ascii_is_printed_whole() {
    let text = "Übermut: 日本語, здравствуйте, 👩‍🚀, e\u{301}, \"\\\t";
    let mut child = start(0);
    child.write(message(text).as_bytes());
    child.works_off(&[text]);
}

#[test]
fn a_message_of_one_mebibyte_arrives_whole() {
    // No part of it looks like another, so that nothing can get lost in it.
    let mut text = String::new();
    for number in 0.. {
        if text.len() >= 1 << 20 {
            break;
        }
        text += &format!("{number} é, ");
    }
    let mut child = start(0);
    child.write(message(&text).as_bytes());
    child.works_off(&[&text]);
}

#[test]
fn a_channel_that_ends_before_a_message_is_whole_is_an_error() {
    for part in ["", "[", "[1,\"hal", "[1,\"start\""] {
        let mut child = start(0);
        child.write(part.as_bytes());
        child.channel.shutdown(Shutdown::Write).expect("it is open");
        child.fails();
    }
}

#[test]
fn a_line_that_is_no_message_is_an_error() {
    for garbage in ["\n", "garbage\n", "{}\n", "[\"start\",1]\n", "[-1,\"\"]\n"]
    {
        let mut child = start(0);
        child.write(garbage.as_bytes());
        child.fails();
    }
}

#[test]
fn bytes_that_are_no_text_are_an_error() {
    let mut child = start(0);
    child.write(b"[1,\"\xff\"]\n");
    child.fails();
}

#[test]
fn it_ends_when_the_channel_closes_while_it_computes() {
    let mut child = start(FOR_EVER_MS);
    child.write(message("start").as_bytes());
    assert_eq!(child.program.line(), "start");
    gone_without_a_panic(child);
}

#[test]
fn it_ends_when_the_channel_closes_while_it_waits_for_a_message() {
    gone_without_a_panic(start(FOR_EVER_MS));
}

#[test]
fn it_ends_when_the_channel_closes_in_the_middle_of_a_message() {
    let mut child = start(FOR_EVER_MS);
    child.write(b"[1,\"hal");
    gone_without_a_panic(child);
}

/// Closes the channel, as the death of the parent does.
#[track_caller]
fn gone_without_a_panic(child: Child) {
    let Child { mut program, channel, inside } = child;
    drop((channel, inside));
    let end = program.end();
    assert_eq!(end.status.code(), Some(1), "it failed, and says so");
    assert!(!end.stderr.contains("panicked"), "{}", end.stderr);
}
