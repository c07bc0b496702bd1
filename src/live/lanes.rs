use std::io::{self, Write};
use std::time::Duration;

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::picture;
use super::round::Round;
use super::view::View;
use super::words::{self, Tally};

/// So often a second the picture is drawn again.
const HERTZ: u8 = 10;

/// One lane for each request, drawn again and again while they grow.
pub struct Lanes {
    /// It has no bar: the whole picture is its message.
    bar: ProgressBar,
    /// What a lane shows from left to right, in microseconds.
    span: u64,
    /// Whether a picture stands there that would still change.
    unfinished: bool,
}

impl Lanes {
    /// `expected` is what a round takes if nothing waits, in microseconds.
    pub fn new(expected: u64) -> Self {
        let target = ProgressDrawTarget::stdout_with_hz(HERTZ);
        let bar = ProgressBar::with_draw_target(None, target);
        Lanes { bar, span: expected + expected / 20, unfinished: false }
    }

    fn write(&self, lines: &[String]) -> io::Result<()> {
        self.bar.suspend(|| {
            let mut stdout = io::stdout().lock();
            lines.iter().try_for_each(|line| writeln!(stdout, "{line}"))
        })
    }
}

impl View for Lanes {
    fn prepare(&mut self, name: &str) {
        let style = ProgressStyle::with_template("{spinner} {msg}");
        self.bar.set_style(style.expect("a valid template"));
        self.bar.set_message(format!("cargo builds and starts {name}"));
        self.unfinished = true;
        self.bar.enable_steady_tick(Duration::from_secs(1) / HERTZ.into());
    }

    fn begin(&mut self, header: &str) -> io::Result<()> {
        self.bar.disable_steady_tick();
        let style = ProgressStyle::with_template("{msg}");
        self.bar.set_style(style.expect("a valid template"));
        self.bar.set_message("");
        self.unfinished = false;
        self.write(&[header.to_owned()])
    }

    fn show(&mut self, round: &Round) -> io::Result<()> {
        let width = usize::from(Term::stdout().size().1);
        if !round.over {
            while self.span < round.end() {
                self.span += self.span / 2 + 1;
            }
            let lines = picture::lines(round, width, self.span);
            self.bar.set_message(lines.join("\n"));
            self.unfinished = true;
            return Ok(());
        }
        // What stays is written as any text is, and may be longer than the
        // terminal is high.
        self.bar.set_message("");
        self.unfinished = false;
        let mut lines = Vec::new();
        if round.of == 1 {
            lines = picture::lines(round, width, round.end() + 1);
        }
        lines.extend(words::after(round));
        self.write(&lines)
    }

    fn end(&mut self, tally: &Tally) -> io::Result<()> {
        self.write(&[tally.to_string()])
    }
}

impl Drop for Lanes {
    fn drop(&mut self) {
        if !self.unfinished {
            return self.bar.finish_and_clear();
        }
        // Interrupted: let it stand. The terminal may have written ^C, and
        // then it would not be drawn over the place where it was.
        self.bar.disable_steady_tick();
        self.bar.set_draw_target(ProgressDrawTarget::hidden());
        let _ = writeln!(io::stdout());
    }
}
