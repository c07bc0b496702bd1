//! Counts to the number that it is given, and prints how far it came.
//!
//!     cargo run -p ex-honest_loop -- 1000000000
//!
//! This package is optimised in every profile, so that you see at once what
//! the optimiser does to the loop.

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
    // TODO: make every step of this loop happen.
    let mut counter = 0;
    while counter < n {
        counter += 1;
    }
    counter
}
