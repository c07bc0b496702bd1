//! fails: works, twice: whoever knows the answer has done the work

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

/// Returns how far one would come.
fn count_to(n: u64) -> u64 {
    n
}
