use std::io::{self, IsTerminal};

use super::json::Json;
use super::lanes::Lanes;
use super::plain::Plain;
use super::round::Round;
use super::words::Tally;

/// A way to show a run. Each error is one of the standard output, which may
/// be closed at any time.
pub trait View {
    /// Says that a listing is built and started, which may take a while.
    fn prepare(&mut self, _name: &str) -> io::Result<()> {
        Ok(())
    }

    /// Says, before the first round, what runs and where.
    fn begin(&mut self, header: &str) -> io::Result<()>;

    /// Shows what is known of a round by now; called again and again, and for
    /// the last time when it is over.
    fn show(&mut self, round: &Round) -> io::Result<()>;

    /// Says, after several rounds, how often who was first.
    fn end(&mut self, tally: &Tally) -> io::Result<()>;
}

/// The way that suits whoever reads the standard output. `expected` is what a
/// round will take if nothing waits, in microseconds.
pub fn choose(json: bool, expected: u64) -> Box<dyn View> {
    if json {
        Box::new(Json::default())
    } else if io::stdout().is_terminal() && !console::is_dumb() {
        Box::new(Lanes::new(expected))
    } else {
        Box::new(Plain::default())
    }
}
