//! fails: works, twice: a bound that nobody can see keeps the loop
//!
//! The box hides the number. The compiler does not need it: wherever the loop
//! is to end, that is the result.

use std::env;
use std::hint::black_box;
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
    let n = black_box(n);
    let mut counter = 0;
    while counter < n {
        counter += 1;
    }
    counter
}
