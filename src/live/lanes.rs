use std::io;
use std::time::{Duration, Instant};

use console::Term;

use super::picture;
use super::round::Round;
use super::view::View;
use super::words::{self, Tally};

/// So long a picture stands at least: ten of them in a second look like one
/// that moves.
const STANDS: Duration = Duration::from_millis(100);

/// One lane for each request, drawn again and again while they grow.
pub struct Lanes {
    terminal: Term,
    /// What a lane shows from left to right, in microseconds.
    span: u64,
    /// When the picture was drawn that stands there now, and its height. The
    /// cursor is at the start of the line below it: a `^C` that the terminal
    /// writes there moves nothing.
    drawn: Option<(Instant, usize)>,
}

impl Lanes {
    /// `expected` is what a round takes if nothing waits, in microseconds.
    pub fn new(expected: u64) -> Self {
        Lanes {
            terminal: Term::buffered_stdout(),
            span: expected + expected / 20,
            drawn: None,
        }
    }

    /// Draws over what was drawn before. What fits on the screen can be drawn
    /// over again; what `stays` can't, and may be longer.
    fn draw(&mut self, lines: &[String], stays: bool) -> io::Result<()> {
        let rows = usize::from(self.terminal.size().0);
        let most = if stays { lines.len() } else { rows.saturating_sub(1) };
        let lines = &lines[..lines.len().min(most)];
        let height = self.drawn.map_or(0, |(_, height)| height);
        self.terminal.move_cursor_up(height)?;
        for line in lines {
            self.terminal.clear_line()?;
            self.terminal.write_line(line)?;
        }
        self.terminal.clear_to_end_of_screen()?;
        self.terminal.flush()?;
        self.drawn = (!stays).then(|| (Instant::now(), lines.len()));
        Ok(())
    }
}

impl View for Lanes {
    fn prepare(&mut self, name: &str) -> io::Result<()> {
        self.draw(&[format!("cargo builds and starts {name}...")], false)
    }

    fn begin(&mut self, header: &str) -> io::Result<()> {
        self.draw(&[header.to_owned()], true)
    }

    fn show(&mut self, round: &Round) -> io::Result<()> {
        let width = usize::from(self.terminal.size().1);
        if round.over {
            let mut lines = Vec::new();
            if round.of == 1 {
                lines = picture::lines(round, width, round.end() + 1);
            }
            lines.extend(words::after(round));
            return self.draw(&lines, true);
        }
        if self.drawn.is_some_and(|(at, _)| at.elapsed() < STANDS) {
            return Ok(());
        }
        while self.span < round.end() {
            self.span += self.span / 2 + 1;
        }
        self.draw(&picture::lines(round, width, self.span), false)
    }

    fn end(&mut self, tally: &Tally) -> io::Result<()> {
        self.draw(&[tally.to_string()], true)
    }
}

impl Drop for Lanes {
    /// An interrupted picture stays; what follows takes the place of `^C`.
    fn drop(&mut self) {
        if self.drawn.is_some() {
            let cleared = self.terminal.clear_line();
            let _ = cleared.and_then(|()| self.terminal.flush());
        }
    }
}
