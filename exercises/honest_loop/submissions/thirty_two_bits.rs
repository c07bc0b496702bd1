//! fails: count: a counter of 32 bits is enough
//!
//! `as` cuts off what does not fit, and says nothing.

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
fn count_to(n: u64) -> u32 {
    let n = n as u32;
    let mut counter = 0;
    while counter < n {
        counter = black_box(counter + 1);
    }
    counter
}
