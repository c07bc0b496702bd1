use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::Command;

use nix::pty::{OpenptyResult, Winsize, openpty};

use crate::running::{Guarded, ended, lab, left_of, listing, readable};

/// A terminal with a run in it.
struct Terminal {
    child: Guarded,
    master: File,
    screen: vt100::Parser,
    /// All that was written to it.
    bytes: Vec<u8>,
}

impl Terminal {
    fn start(words: &str, width: u16, variables: &[(&str, &str)]) -> Self {
        let size =
            Winsize { ws_row: 24, ws_col: width, ws_xpixel: 0, ws_ypixel: 0 };
        let OpenptyResult { master, slave } =
            openpty(&size, None).expect("there is a terminal left");
        let inner = lab(words);
        // It makes this terminal the one whose Ctrl-C ends the run.
        let mut command = Command::new("setsid");
        command.arg("--ctty").arg(inner.get_program());
        command.args(inner.get_args());
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        command.env("TERM", "xterm-256color");
        command.envs(variables.iter().copied());
        let end = || slave.try_clone().expect("a file descriptor is left");
        command.stdin(end()).stdout(end()).stderr(end());
        let child = command.spawn().expect("setsid is part of util-linux");
        let child = Guarded(child);
        let screen = vt100::Parser::new(24, width, 0);
        Terminal { child, master: master.into(), screen, bytes: Vec::new() }
    }

    /// Reads what is written next. At the end, when the other side is closed
    /// by all, there is nothing.
    fn read(&mut self) -> bool {
        readable(self.master.as_fd());
        let mut bytes = [0; 4096];
        let count = self.master.read(&mut bytes).unwrap_or(0);
        self.screen.process(&bytes[..count]);
        self.bytes.extend(&bytes[..count]);
        count > 0
    }

    #[track_caller]
    fn wait_for(&mut self, words: &str) {
        while !self.text().contains(words) {
            assert!(self.read(), "it ended without {words}: {}", self.text());
        }
    }

    /// What it shows, without the blanks at the ends of lines.
    fn text(&self) -> String {
        let screen = self.screen.screen();
        let rows = screen.rows(0, screen.size().1);
        let text: String =
            rows.map(|row| row.trim_end().to_owned() + "\n").collect();
        text.trim_end().to_owned()
    }

    fn row(&self, start: &str) -> String {
        let text = self.text();
        let row = text.lines().find(|row| row.starts_with(start));
        row.unwrap_or_default().to_owned()
    }

    /// Whether a line was too long for the terminal.
    fn is_wrapped(&self) -> bool {
        (0..24).any(|row| self.screen.screen().row_wrapped(row))
    }
}

fn count(row: &str, mark: char) -> usize {
    row.chars().filter(|c| *c == mark).count()
}

#[test]
fn lanes_grow_and_stay_with_words_below() {
    let words = "blocked --block-ms 1000 /block-server /fast-one";
    let mut terminal = Terminal::start(words, 60, &[]);
    let (mut works, mut waits) = (vec![], vec![]);
    while terminal.read() {
        let row = terminal.row("A /block-server ");
        if row.ends_with("works") {
            works.push(count(&row, '█'));
        }
        let row = terminal.row("B /fast-one ");
        if row.ends_with("waits") {
            assert_eq!(count(&row, '█'), 0, "{row}");
            waits.push(count(&row, '─'));
        }
    }
    for lengths in [&works, &waits] {
        assert!(lengths.first() < lengths.iter().max(), "{lengths:?}");
    }
    let text = terminal.text();
    let pid = listing(&text);
    for (lane, mark) in [("A /block-server ", '█'), ("B /fast-one ", '─')] {
        let row = terminal.row(lane);
        assert!(row.ends_with(&format!(" 200 pid {pid}")), "{lane}: {text}");
        assert!(count(&row, mark) > 1, "{lane}: {text}");
    }
    assert!(text.contains(" 0 s "), "{text}");
    assert!(text.contains("\nA was answered first, at "), "{text}");
    assert!(!text.contains("works"), "no picture before it is left: {text}");
    assert!(!terminal.is_wrapped(), "{text}");
    assert_eq!(ended(&mut terminal.child).0, Some(0));
}

#[test]
fn the_picture_is_as_wide_as_the_terminal() {
    let words = "fork --block-ms 600 /block-server /fast-one";
    let mut lengths = vec![];
    for width in [40, 60, 140] {
        let mut terminal = Terminal::start(words, width, &[]);
        while terminal.read() {}
        let text = terminal.text();
        let lane = terminal.row("A /block-");
        assert!(lane.chars().count() <= width.into(), "{text}");
        assert!(lane.contains("█ 200 pid "), "{text}");
        lengths.push(count(&lane, '█'));
        assert_eq!(ended(&mut terminal.child).0, Some(0), "{text}");
    }
    assert!(lengths.is_sorted_by(|a, b| a < b), "{lengths:?}");
}

#[test]
fn colours_are_there_unless_they_are_not_wanted() {
    let words = "fork --block-ms 100 /block-server /fast-one";
    // ESC [ 3 begins the eight colours, ESC [ 2 m is dim.
    for (variables, coloured) in [
        (&[][..], true),
        (&[("NO_COLOR", "1")][..], false),
        (&[("CLICOLOR", "0")][..], false),
    ] {
        let mut terminal = Terminal::start(words, 60, variables);
        while terminal.read() {}
        let bytes = String::from_utf8_lossy(&terminal.bytes).into_owned();
        for style in ["\x1b[36m", "\x1b[33m"] {
            assert_eq!(bytes.contains(style), coloured, "{bytes:?}");
        }
        if !coloured {
            assert!(!bytes.contains("\x1b[2m"), "{bytes:?}");
        }
        assert!(terminal.text().contains('█'), "{bytes:?}");
        assert_eq!(ended(&mut terminal.child).0, Some(0));
    }
}

#[test]
fn several_rounds_leave_a_sentence_each() {
    let words = "blocked --block-ms 400 --repeat 2 /block-server /fast-one";
    let mut terminal = Terminal::start(words, 80, &[]);
    let mut lanes = 0;
    while terminal.read() {
        lanes = lanes.max(count(&terminal.row("A /block-server"), '█'));
    }
    assert!(lanes > 0, "they are drawn meanwhile");
    let text = terminal.text();
    let rows: Vec<&str> = text.lines().collect();
    assert_eq!(rows.len(), 4, "{text}");
    assert!(rows[1].starts_with("Round 1: A was answered first"), "{text}");
    assert!(rows[2].starts_with("Round 2: A was answered first"), "{text}");
    assert_eq!(rows[3], "First in 2 rounds: A in 2.");
    assert_eq!(ended(&mut terminal.child).0, Some(0));
}

#[test]
fn ctrl_c_lets_the_picture_stand_and_leaves_no_process() {
    let words = "fork --block-ms 30000 /block-server /fast-one";
    let mut terminal = Terminal::start(words, 60, &[]);
    terminal.wait_for(" works\nB /fast-one");
    terminal.wait_for("200 pid");
    let listing = listing(&terminal.text());
    terminal.master.write_all(b"\x03").expect("it is open");
    while terminal.read() {}
    let text = terminal.text();
    assert_eq!(ended(&mut terminal.child).0, Some(130), "{text}");
    for lane in ["A /block-server ", "B /fast-one "] {
        assert_eq!(text.matches(lane).count(), 1, "{text}");
    }
    assert!(text.ends_with(" s\nSIGINT: fork is stopped"), "{text}");
    assert_eq!(left_of(listing), [""; 0]);
}

#[test]
fn a_dumb_terminal_gets_plain_lines() {
    let words = "blocked --block-ms 50 /block-server /fast-one";
    let mut terminal = Terminal::start(words, 80, &[("TERM", "dumb")]);
    while terminal.read() {}
    let text = terminal.text();
    assert!(text.contains("A  /block-server  started"), "{text}");
    assert!(!terminal.bytes.contains(&b'\x1b'), "{text}");
    assert_eq!(ended(&mut terminal.child).0, Some(0));
}
