use std::path::{Path, PathBuf};

use super::{Problem, Repository};

/// A listing is read on one page, other files in one sitting.
const LISTING_LINES: usize = 150;
const LISTING_COLUMNS: usize = 80;
const FILE_LINES: usize = 300;

/// The folders with code of ours.
const CODE: [&str; 4] = ["listings", "src", "tests", "exercises"];

fn code(repository: &Repository) -> impl Iterator<Item = &PathBuf> {
    CODE.into_iter().flat_map(move |folder| {
        let kinds = ["rs", "js", "sh"];
        kinds.into_iter().flat_map(move |kind| repository.under(folder, kind))
    })
}

/// No file is longer than its reader's patience.
pub fn lengths(repository: &Repository) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in code(repository) {
        let text = repository.read(file);
        let listing = file.starts_with("listings");
        let most = if listing { LISTING_LINES } else { FILE_LINES };
        let lines = text.lines().count();
        if lines > most {
            let message = format!("{lines} lines; {most} is the most");
            problems.push(Problem::new(file, None, message));
        }
        for (number, line) in text.lines().enumerate() {
            let columns = line.chars().count();
            if listing && columns > LISTING_COLUMNS {
                let most = LISTING_COLUMNS;
                let message = format!("{columns} columns; {most} is the most");
                problems.push(Problem::new(file, number + 1, message));
            }
        }
    }
    problems
}

/// Nothing listens on, or talks to, another host.
pub fn loopback(repository: &Repository) -> Vec<Problem> {
    let pages = repository.under("book", "md");
    let mut problems = Vec::new();
    for file in code(repository).chain(pages) {
        for (number, line) in repository.read(file).lines().enumerate() {
            for address in addresses(line) {
                let message = format!("{address} is not 127.0.0.1");
                problems.push(Problem::new(file, number + 1, message));
            }
        }
    }
    problems
}

/// The IPv4 addresses of a line that are not on this host, and the IPv6
/// address that means every interface.
fn addresses(line: &str) -> Vec<&str> {
    let words = line.split(|c: char| !c.is_ascii_digit() && c != '.');
    let words = words.map(|word| word.trim_matches('.'));
    let mut found: Vec<&str> = words
        .filter(|word| {
            let numbers: Vec<&str> = word.split('.').collect();
            numbers.len() == 4
                && numbers.iter().all(|number| number.parse::<u8>().is_ok())
                && *word != "127.0.0.1"
        })
        .collect();
    let everywhere = "[::]";
    if line.contains(&format!("{everywhere}:")) {
        found.push(everywhere);
    }
    found
}

/// Each `unsafe` says why it is sound, also where clippy does not look.
pub fn unsafe_comments(repository: &Repository) -> Vec<Problem> {
    const LINT: &str = "undocumented_unsafe_blocks = \"deny\"";
    let mut problems = Vec::new();
    for file in repository.under("listings", "toml") {
        if !repository.read(file).contains(LINT) {
            let message = format!("[lints.clippy] must have {LINT}");
            problems.push(Problem::new(file, None, message));
        }
    }
    for file in code(repository) {
        let text = repository.read(file);
        let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
        for (number, line) in lines.iter().enumerate() {
            let code = line.split("//").next().unwrap_or(line);
            let marks = ["unsafe {", "unsafe impl", "unsafe fn"];
            // Quoted, it is a text about code.
            let is_unsafe = marks.iter().any(|mark| {
                code.split_once(mark)
                    .is_some_and(|(before, _)| !before.contains('"'))
            });
            let above = lines[..number].iter().rev();
            let mut comment = above.take_while(|line| line.starts_with("//"));
            if is_unsafe && !comment.any(|line| line.contains("SAFETY:")) {
                let message = "say in a SAFETY: comment above what makes this \
                               sound";
                problems.push(Problem::new(file, number + 1, message));
            }
        }
    }
    problems
}

/// No file knows on which machine it was written.
pub fn machine_paths(repository: &Repository) -> Vec<Problem> {
    // Put together here, so that this file does not hold them.
    let marks = ["work", "root", "home"].map(|name| format!("/{name}/"));
    let mut problems = Vec::new();
    for file in &repository.files {
        if file == Path::new("Cargo.lock") {
            continue;
        }
        for (number, line) in repository.read(file).lines().enumerate() {
            let found = marks.iter().find(|mark| {
                line.match_indices(mark.as_str()).any(|(at, _)| {
                    // The start of a path, not the middle of one.
                    !line[..at].ends_with(|c: char| {
                        c.is_alphanumeric() || ".-_".contains(c)
                    })
                })
            });
            if let Some(mark) = found {
                let message = format!("{mark} is a path of one machine");
                problems.push(Problem::new(file, number + 1, message));
            }
        }
    }
    problems
}
