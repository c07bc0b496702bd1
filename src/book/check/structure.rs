use std::collections::BTreeSet;
use std::path::Path;

use toml::Table;

use super::{Problem, Repository, manifest};

const INDEX: &str = "listings/README.md";
const SUMMARY: &str = "book/SUMMARY.md";

/// Listings, their index, and the chapters agree, and a listing's folder can
/// be copied out; an exercise is complete.
pub fn structure(repository: &Repository) -> Vec<Problem> {
    let mut problems = Vec::new();
    let names = folders(repository, "listings");
    for name in &names {
        package(repository, name, &mut problems);
    }
    for name in folders(repository, "exercises") {
        exercise(repository, &name, &mut problems);
    }
    index(repository, &names, &mut problems);
    summary(repository, &names, &mut problems);
    problems.extend(manifest::members(repository));
    problems.extend(manifest::binaries(repository));
    problems
}

/// The folders of a folder.
fn folders(repository: &Repository, of: &str) -> BTreeSet<String> {
    let inside = repository.files.iter().filter_map(|file| {
        let inner = file.strip_prefix(of).ok()?;
        let folder = inner.parent()?.components().next()?;
        Some(folder.as_os_str().to_string_lossy().into_owned())
    });
    inside.collect()
}

/// What an exercise has. That its README.md, its stub and its submissions are
/// what they should be is the business of `tests/graders`, which runs them.
fn exercise(repository: &Repository, name: &str, problems: &mut Vec<Problem>) {
    let folder = Path::new("exercises").join(name);
    for file in [
        "Cargo.toml",
        "README.md",
        "src/main.rs",
        "tests/grade.rs",
        "submissions/reference.rs",
    ] {
        if !repository.has(&folder.join(file)) {
            let message = format!("no {file} that git tracks");
            problems.push(Problem::new(&folder, None, message));
        }
    }
}

fn package(repository: &Repository, name: &str, problems: &mut Vec<Problem>) {
    let folder = Path::new("listings").join(name);
    for file in ["Cargo.toml", "src/main.rs", "node.js"] {
        if !repository.has(&folder.join(file)) {
            let message = format!("no {file} that git tracks");
            problems.push(Problem::new(&folder, None, message));
        }
    }
    let manifest = folder.join("Cargo.toml");
    let text = repository.read(&manifest);
    let table: Table = text.parse().unwrap_or_default();
    let called = table.get("package").and_then(|package| package.get("name"));
    if called.and_then(|called| called.as_str()) != Some(name) {
        let message = format!("the package must be called {name}");
        problems.push(Problem::new(&manifest, None, message));
    }
    problems.extend(manifest::ties(&manifest, &text));
    if repository.has(&folder.join("build.rs")) {
        let message = "a listing has no build script";
        problems.push(Problem::new(&folder.join("build.rs"), None, message));
    }
    for file in repository.under("listings", "rs") {
        if file.starts_with(folder.join("src")) {
            header(repository, name, file, problems);
        }
    }
    let node = folder.join("node.js");
    if repository.has(&node) {
        let text = repository.read(&node);
        let mut head = text.lines().take_while(|line| line.starts_with("//"));
        let run =
            [format!("node listings/{name}/node.js"), "node node.js".into()];
        if !head.any(|line| run.iter().any(|run| line.contains(run))) {
            let message =
                format!("its first comment must hold `{}`", run.join("` or `"));
            problems.push(Problem::new(&node, 1, message));
        }
    }
}

/// The comment that starts a listing says how to run it and how to ask it.
fn header(
    repository: &Repository,
    name: &str,
    file: &Path,
    problems: &mut Vec<Problem>,
) {
    let text = repository.read(file);
    let lines = text.lines().skip_while(|line| line.starts_with("// ANCHOR:"));
    let head: Vec<&str> =
        lines.take_while(|line| line.starts_with("//!")).collect();
    let stage = match file.parent() {
        Some(folder) if folder.ends_with("bin") => file.file_stem(),
        _ => None,
    };
    let mut run = format!("cargo run -p {name}");
    if let Some(stage) = stage {
        run = format!("{run} --bin {}", stage.to_string_lossy());
    }
    let runs = |line: &&str| says(line, &run, stage.is_some());
    let asks =
        |line: &&str| line.contains("curl ") && line.contains("127.0.0.1:3001");
    let mut wanted = Vec::new();
    if !head.iter().any(runs) {
        wanted.push(run.as_str());
    }
    if !head.iter().any(asks) {
        wanted.push("curl http://127.0.0.1:3001/");
    }
    for wanted in wanted {
        let message = format!("its first comment must hold `{wanted}`");
        problems.push(Problem::new(file, 1, message));
    }
}

/// Whether a line holds this command and not a longer one that starts so.
fn says(line: &str, run: &str, is_stage: bool) -> bool {
    let Some((_, rest)) = line.split_once(run) else { return false };
    let goes_on = rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    !goes_on && (is_stage || !rest.contains("--bin"))
}

/// The row of each listing in the index, with its run line.
fn index(
    repository: &Repository,
    names: &BTreeSet<String>,
    problems: &mut Vec<Problem>,
) {
    let file = Path::new(INDEX);
    let text = repository.read(file);
    for name in names {
        let row =
            text.lines().find(|line| line.starts_with(&format!("| [{name}](")));
        let message = match row {
            None => format!("no row for {name}"),
            Some(row) if !row.contains(&format!("cargo run -p {name}")) => {
                format!("the row for {name} has no run line")
            }
            Some(_) => continue,
        };
        problems.push(Problem::new(file, None, message));
    }
    for (number, name) in rows(&text) {
        if !names.contains(name) {
            let message = format!("there is no listing {name}");
            problems.push(Problem::new(file, number, message));
        }
    }
}

fn rows(index: &str) -> Vec<(usize, &str)> {
    let numbered = index.lines().enumerate();
    numbered
        .filter_map(|(number, line)| {
            let name = line.strip_prefix("| [")?.split_once(']')?.0;
            Some((number + 1, name))
        })
        .collect()
}

/// A chapter for each listing, in the order of the index, and no page that
/// the summary does not know.
fn summary(
    repository: &Repository,
    names: &BTreeSet<String>,
    problems: &mut Vec<Problem>,
) {
    let file = Path::new(SUMMARY);
    let text = repository.read(file);
    let links = text.split("](").skip(1);
    let chapters: Vec<&str> =
        links.filter_map(|rest| rest.split(')').next()).collect();
    for chapter in &chapters {
        if !repository.has(&Path::new("book").join(chapter)) {
            let message = format!("no chapter {chapter} that git tracks");
            problems.push(Problem::new(file, None, message));
        }
    }
    for page in repository.under("book", "md") {
        let name = page.strip_prefix("book").unwrap_or(page);
        let known = chapters.iter().any(|chapter| Path::new(chapter) == name);
        let generated = name.starts_with("recorded");
        if !known && !generated && page != file {
            let message = "no chapter of book/SUMMARY.md";
            problems.push(Problem::new(page, None, message));
        }
    }
    let index = repository.read(Path::new(INDEX));
    let wanted = rows(&index).into_iter().map(|(_, name)| name);
    let wanted: Vec<&str> =
        wanted.filter(|name| names.contains(*name)).collect();
    let found: Vec<&str> = chapters
        .iter()
        .filter_map(|chapter| chapter.strip_suffix(".md"))
        .filter(|name| names.contains(*name))
        .collect();
    if wanted != found {
        let message = format!(
            "chapters {}, listings {}: they must agree, in order",
            found.join(", "),
            wanted.join(", "),
        );
        problems.push(Problem::new(file, None, message));
    }
}
