use std::io::{self, Write};

use super::round::{Request, Round};
use super::view::View;
use super::words::{self, Tally};
use crate::record::figure::seconds;

/// An event is shown when it is this old, in microseconds: by then the lab
/// has heard of whatever happened before it.
const SETTLED: u64 = 20_000;

/// A line for each event.
#[derive(Default)]
pub struct Plain {
    /// The round that is shown, and how many events of each request were.
    round: u32,
    shown: Vec<usize>,
}

impl View for Plain {
    fn begin(&mut self, header: &str) -> io::Result<()> {
        writeln!(io::stdout(), "{header}")
    }

    fn show(&mut self, round: &Round) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        if self.round != round.number {
            self.round = round.number;
            self.shown = vec![0; round.requests.len()];
            if round.of > 1 {
                writeln!(stdout, "Round {}:", round.number)?;
            }
        }
        let mut news = Vec::new();
        for (index, request) in round.requests.iter().enumerate() {
            let events = events(request, round.end());
            let new = events.into_iter().skip(self.shown[index]);
            news.extend(new.map(|(at, what)| (at, index, what)));
        }
        news.retain(|(at, ..)| round.over || at + SETTLED <= round.now);
        // Stable: what happens to a request stays in order.
        news.sort_by_key(|(at, ..)| *at);
        for (at, index, what) in news {
            let request = &round.requests[index];
            writeln!(stdout, "{}", line(at, request, &what, round))?;
            self.shown[index] += 1;
        }
        if round.over {
            for sentence in words::after(round) {
                writeln!(stdout, "{sentence}")?;
            }
        }
        Ok(())
    }

    fn end(&mut self, tally: &Tally) -> io::Result<()> {
        writeln!(io::stdout(), "{tally}")
    }
}

/// What has happened to a request, and when.
fn events(request: &Request, end: u64) -> Vec<(u64, String)> {
    let mut events = Vec::new();
    events.extend(request.sent.map(|at| (at, "sent".to_owned())));
    events.extend(request.started.map(|at| (at, "started".to_owned())));
    events.extend(request.answered.map(|at| (at, "answered".to_owned())));
    let failed = request.failed.as_ref();
    events.extend(failed.map(|why| (end, format!("failed: {why}"))));
    events
}

fn line(at: u64, request: &Request, what: &str, round: &Round) -> String {
    let requests = round.requests.iter();
    let client = requests.clone().map(|request| request.client.len()).max();
    let path = requests.map(|request| request.path.len()).max();
    let mut line = format!(
        "{:>8} s  {:<client$}  {:<path$}  {what:<8}",
        seconds(at),
        request.client,
        request.path,
        client = client.unwrap_or_default(),
        path = path.unwrap_or_default(),
    );
    if what == "answered" {
        line += &format!("  {}", request.status.unwrap_or_default());
        for (name, number) in [("pid", request.pid), ("thread", request.thread)]
        {
            if let Some(number) = number {
                line += &format!("  {name} {number}");
            }
        }
    }
    line.trim_end().to_owned()
}
