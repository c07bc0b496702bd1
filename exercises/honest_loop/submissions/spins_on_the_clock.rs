//! fails: twice: a busy loop on the clock is work
//!
//! It burns time and not a number of steps. Stopped for a while, or next to
//! other work, it is done at the same moment and has done less.

use std::env;
use std::process::ExitCode;
use std::time::{Duration, Instant};

fn main() -> ExitCode {
    let text = env::args().nth(1).unwrap_or_default();
    let Ok(n) = text.parse() else {
        eprintln!("cannot count to `{text}`; try 1000000000");
        return ExitCode::FAILURE;
    };
    println!("{}", count_to(n));
    ExitCode::SUCCESS
}

/// Takes as long as counting to `n` in steps of one would.
fn count_to(n: u64) -> u64 {
    let (start, long) = (Instant::now(), Duration::from_nanos(n));
    while start.elapsed() < long {}
    n
}
