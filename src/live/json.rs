use std::io::{self, Write};

use serde::Serialize;

use super::round::{Request, Round};
use super::view::View;
use super::words::Tally;

/// An object for each request, on a line of its own as it is answered.
#[derive(Default)]
pub struct Json {
    /// The round that is shown, and which of its requests were.
    round: u32,
    shown: Vec<bool>,
}

#[derive(Serialize)]
struct Row<'a> {
    round: u32,
    #[serde(flatten)]
    request: &'a Request,
}

impl View for Json {
    fn begin(&mut self, _header: &str) -> io::Result<()> {
        Ok(())
    }

    fn show(&mut self, round: &Round) -> io::Result<()> {
        if self.round != round.number {
            self.round = round.number;
            self.shown = vec![false; round.requests.len()];
        }
        let mut news: Vec<usize> = (0..round.requests.len())
            .filter(|index| round.requests[*index].is_over())
            .filter(|index| !self.shown[*index])
            .collect();
        news.sort_by_key(|index| round.requests[*index].answered);
        let mut stdout = io::stdout().lock();
        for index in news {
            let request = &round.requests[index];
            let row = Row { round: round.number, request };
            serde_json::to_writer(&mut stdout, &row)?;
            writeln!(stdout)?;
            self.shown[index] = true;
        }
        Ok(())
    }

    fn end(&mut self, _tally: &Tally) -> io::Result<()> {
        Ok(())
    }
}
