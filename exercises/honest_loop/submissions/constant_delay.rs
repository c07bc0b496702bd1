//! fails: twice: a program that takes long has counted far
//!
//! It works for the same time, however far it is to count.

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

/// Counts to `n`, after some steps that nobody asked for.
fn count_to(n: u64) -> u64 {
    let mut counter = 0;
    while counter < 200_000_000 {
        counter = black_box(counter + 1);
    }
    n
}
