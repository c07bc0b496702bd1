//! What the page Exercises shows of a failing run is what the grader says.

use std::fs;
use std::path::Path;

use super::grading::grade;

/// The exercise that fails on the page.
pub const SLUG: &str = "unblock";

const SHOWN: &str = "book/recorded/exercise-failure.txt";

/// The command in `book/exercises.md`, once more.
pub fn check(grader: &Path, stub: &Path) -> Result<(), String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(SHOWN);
    let shown = fs::read_to_string(&file)
        .map_err(|error| format!("{SHOWN}: {error}"))?;
    let graded = grade(grader, stub, &["env", "UNBLOCKED_SEED=1"], &[])?;
    let (shown, said) = (masked(&shown), masked(&graded.stdout));
    match shown.iter().zip(&said).find(|(shown, said)| shown != said) {
        Some((shown, said)) => {
            Err(format!("{SHOWN} has\n{shown}\nand the grader says\n{said}"))
        }
        None if shown.len() != said.len() => {
            Err(format!("{SHOWN} has more or fewer lines\n{}", graded.stdout))
        }
        None => Ok(()),
    }
}

/// Its lines, without what depends on the machine: how long it took, and the
/// number of cores, which sets how many slow requests there are.
fn masked(text: &str) -> Vec<String> {
    let mask = |line: &str| {
        let (start, end) = match line {
            _ if line.starts_with("test result: ") => ("finished in ", "s"),
            _ => ("answered after one of ", " slow ones"),
        };
        match line.split_once(start) {
            Some((before, after)) => match after.split_once(end) {
                Some((_, after)) => format!("{before}{start}_{end}{after}"),
                None => line.to_owned(),
            },
            None => line.to_owned(),
        }
    };
    text.lines().map(mask).collect()
}
