//! fails: works, twice: work is whatever takes time
//!
//! A thread that sleeps leaves its core to others, and a server that sleeps
//! where it should compute is no model of one that computes.

use std::env;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

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
    sleep(Duration::from_nanos(n));
    n
}
