use std::path::PathBuf;

use super::{Problem, Repository};

/// A listing is read on one page, other files in one sitting.
const LISTING_LINES: usize = 150;
const LISTING_COLUMNS: usize = 80;
const FILE_LINES: usize = 300;

const CODE: [&str; 4] = ["listings", "src", "tests", "exercises"];

/// Code of ours, shown or not.
pub fn code(repository: &Repository) -> impl Iterator<Item = &PathBuf> {
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

/// The only registry: cargo's own name for it.
const REGISTRY: &str = concat!(
    "source = \"registry",
    "+https://github.com/rust-lang/crates.io-index\""
);

/// No file knows on which machine it was written, nor through which mirror
/// its packages came.
pub fn machine_paths(repository: &Repository) -> Vec<Problem> {
    // Put together here, so that this file does not hold them.
    let paths = ["work", "root", "home"].map(|name| format!("/{name}/"));
    let hosts = [
        concat!("registry", "+http"),
        concat!("sparse", "+http"),
        concat!("registry.npm", "js.org"),
        concat!("replace", "-with"),
    ];
    let mut problems = Vec::new();
    for file in &repository.files {
        let is_lock = file.file_name().is_some_and(|name| name == "Cargo.lock");
        for (number, line) in repository.read(file).lines().enumerate() {
            let path = paths.iter().find(|path| is_path(line, path));
            let known = is_lock && line == REGISTRY;
            let host =
                hosts.iter().find(|host| !known && line.contains(**host));
            let message = match (path, host) {
                (Some(path), _) => format!("{path} is a path of one machine"),
                (_, Some(host)) => format!("{host} is one way to a registry"),
                _ => continue,
            };
            problems.push(Problem::new(file, number + 1, message));
        }
    }
    problems
}

/// Whether a path starts there, and does not only go on.
fn is_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = &line[..at];
        !before.ends_with(|c: char| c.is_alphanumeric() || ".-_".contains(c))
    })
}
