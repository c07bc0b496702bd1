//! fails: works, twice: a system call in the body keeps the loop
//!
//! It keeps the system call. The steps between two naps are added up.

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

/// Counts to `n` in steps of one, with a short nap after each million.
fn count_to(n: u64) -> u64 {
    let mut counter = 0;
    while counter < n {
        let next = n.min(counter + 1_000_000);
        while counter < next {
            counter += 1;
        }
        sleep(Duration::from_micros(1));
    }
    counter
}
