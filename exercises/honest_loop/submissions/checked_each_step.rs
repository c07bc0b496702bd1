//! fails: works, twice: an assertion in the body keeps the loop
//!
//! The compiler proves the assertion, deletes it, and then deletes the loop.

use std::env;
use std::process::ExitCode;

fn main() -> ExitCode {
    let text = env::args().nth(1).unwrap_or_default();
    let Ok(n) = text.parse() else {
        eprintln!("cannot count to `{text}`; try 1000000000");
        return ExitCode::FAILURE;
    };
    println!("{}", count_to(n));
    ExitCode::SUCCESS
}

/// Counts to `n` in steps of one, and returns how far it came.
fn count_to(n: u64) -> u64 {
    let mut counter = 0;
    while counter < n {
        counter += 1;
        assert!(counter <= n, "counted too far");
    }
    counter
}
