use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::sources::code;
use super::{Problem, Repository};

const LINT: &str = "undocumented_unsafe_blocks";

/// Each `unsafe` says why it is sound, also where clippy does not look; and
/// where it looks, it insists.
pub fn unsafe_comments(repository: &Repository) -> Vec<Problem> {
    let mut problems = Vec::new();
    lints(repository, &mut problems);
    for file in code(repository) {
        if file.extension().is_none_or(|kind| kind != "rs") {
            continue;
        }
        let text = repository.read(file);
        let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
        for (number, line) in lines.iter().enumerate() {
            if is_unsafe(line) && !has_reason(&lines[..number]) {
                let message = "say in a SAFETY: comment above what makes this \
                               sound";
                problems.push(Problem::new(file, number + 1, message));
            }
        }
    }
    problems
}

/// The manifests of the repository, of each listing and of each exercise turn
/// the lint on.
fn lints(repository: &Repository, problems: &mut Vec<Problem>) {
    let root = PathBuf::from("Cargo.toml");
    let manifests = ["listings", "exercises"].into_iter();
    let manifests = manifests
        .flat_map(|folder| repository.under(folder, "toml"))
        .filter(|file| file.ends_with("Cargo.toml"))
        .chain([&root]);
    for file in manifests {
        let table: Table = repository.read(file).parse().unwrap_or_default();
        let in_workspace = file == Path::new("Cargo.toml");
        let lints = match (in_workspace, table.get("workspace")) {
            (true, Some(workspace)) => workspace.get("lints"),
            _ => table.get("lints"),
        };
        let level = lints
            .and_then(|lints| lints.get("clippy")?.get(LINT))
            .and_then(Value::as_str);
        if level != Some("deny") {
            let message = format!("its lints must have {LINT} = \"deny\"");
            problems.push(Problem::new(file, None, message));
        }
        let inherits = table.get("lints").and_then(|l| l.get("workspace"));
        if in_workspace && inherits != Some(&Value::Boolean(true)) {
            let message = "[lints] must have workspace = true";
            problems.push(Problem::new(file, None, message));
        }
    }
}

fn is_unsafe(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or(line);
    let kinds = ["{", "impl", "fn", "trait", "extern"];
    kinds.iter().any(|kind| {
        // Quoted, it is a text about code.
        let found = code.split_once(&format!("unsafe {kind}"));
        found.is_some_and(|(before, _)| !before.contains('"'))
    })
}

/// Whether a comment just above, or above attributes, gives the reason.
fn has_reason(above: &[&str]) -> bool {
    let mut near = above
        .iter()
        .rev()
        .take_while(|line| line.starts_with("//") || line.starts_with("#["));
    near.any(|line| line.starts_with("//") && line.contains("SAFETY:"))
}
