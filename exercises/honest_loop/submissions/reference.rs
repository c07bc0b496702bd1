//! passes: each step hands its result to code that the compiler can't see into.
//!
//! `black_box` gives back what it got and looks as if it might not. The next
//! step starts from what it gave, so the compiler can neither add up two steps
//! nor leave one out. `black_box` is best effort, and this is why somebody
//! measures.

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
    let mut counter = 0;
    while counter < n {
        counter = black_box(counter + 1);
    }
    counter
}
