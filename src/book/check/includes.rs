use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::{Problem, Repository};

/// A file and a name in it: which pages use it is what this is about.
type Anchor = (PathBuf, String);

/// Every include names a tracked file and an anchor that is there once and
/// holds something; every anchor is used.
///
/// mdBook shows an empty block, or the raw text, and exits with 0.
pub fn includes(repository: &Repository) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut used = BTreeSet::new();
    for page in repository.under("book", "md") {
        let text = repository.read(page);
        for (number, line) in text.lines().enumerate() {
            for found in helpers(line) {
                let checked = check(repository, page, found, &mut used);
                if let Err(message) = checked {
                    problems.push(Problem::new(page, number + 1, message));
                }
            }
        }
    }
    let listings = ["rs", "js", "toml"].map(|kind| ("listings", kind));
    let recorded = ["md", "html", "txt"].map(|kind| ("book/recorded", kind));
    for (folder, kind) in listings.into_iter().chain(recorded) {
        for file in repository.under(folder, kind) {
            for (line, name) in anchors(&repository.read(file)) {
                if !used.contains(&(file.clone(), name.clone())) {
                    let message = format!("no page uses the anchor {name}");
                    problems.push(Problem::new(file, line, message));
                }
            }
        }
    }
    problems
}

/// What stands between `{{#` and `}}`, and whether it begins the line. One
/// with a backslash before it is meant to be read.
fn helpers(line: &str) -> Vec<(&str, bool)> {
    let starts = line.match_indices("{{#");
    let meant = starts.filter(|(at, _)| !line[..*at].ends_with('\\'));
    let inner = meant.map(|(at, _)| {
        let rest = &line[at + 3..];
        (rest.split("}}").next().unwrap_or(rest), at == 0)
    });
    inner.collect()
}

fn check(
    repository: &Repository,
    page: &Path,
    (helper, first): (&str, bool),
    used: &mut BTreeSet<Anchor>,
) -> Result<(), String> {
    let (name, target) = helper.split_once(' ').unwrap_or((helper, ""));
    match name {
        "title" => return Ok(()),
        "include" | "rustdoc_include" => {}
        _ => return Err(format!("mdBook knows no helper {name}")),
    }
    if !first {
        return Err("an include must begin its line".into());
    }
    let (path, anchor) = match target.trim().split_once(':') {
        Some((path, anchor)) => (path, Some(anchor)),
        None => (target.trim(), None),
    };
    let file = normal(&page.parent().unwrap_or(page).join(path));
    if !repository.has(&file) {
        return Err(format!("no file {} that git tracks", file.display()));
    }
    let Some(anchor) = anchor else { return Ok(()) };
    if anchor.is_empty()
        || anchor.chars().all(|c| c.is_ascii_digit() || c == ':')
    {
        return Err("use an anchor: the numbers of lines change".into());
    }
    used.insert((file.clone(), anchor.to_owned()));
    region(&repository.read(&file), anchor)
        .map_err(|problem| format!("{}: {problem}", file.display()))
}

/// Without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                normal.pop();
            }
            Component::CurDir => {}
            part => normal.push(part),
        }
    }
    normal
}

/// Whether there is one such region, and something in it.
fn region(text: &str, anchor: &str) -> Result<(), String> {
    let lines: Vec<&str> = text.lines().collect();
    let find = |mark| {
        let numbered = lines.iter().enumerate();
        let found =
            numbered.filter(|(_, line)| named(line, mark) == Some(anchor));
        found.map(|(number, _)| number).collect::<Vec<_>>()
    };
    match (&find("ANCHOR:")[..], &find("ANCHOR_END:")[..]) {
        ([start], [end]) if start < end => {
            let inside = &lines[start + 1..*end];
            let says = |line: &&str| {
                !line.trim().is_empty() && !line.contains("ANCHOR")
            };
            match inside.iter().any(says) {
                true => Ok(()),
                false => Err(format!("nothing in the anchor {anchor}")),
            }
        }
        ([], []) => Err(format!("there is no anchor {anchor}")),
        (starts, ends) => Err(format!(
            "the anchor {anchor} has {} starts and {} ends, in order it \
             needs one of each",
            starts.len(),
            ends.len(),
        )),
    }
}

/// The anchor that a line starts or ends, by mdBook's own rule.
fn named<'a>(line: &'a str, mark: &str) -> Option<&'a str> {
    let rest = line.split_once(mark)?.1.trim_start();
    let end = rest
        .find(|c: char| !c.is_alphanumeric() && c != '_' && c != '-')
        .unwrap_or(rest.len());
    (end > 0).then(|| &rest[..end])
}

fn anchors(text: &str) -> Vec<(usize, String)> {
    let numbered = text.lines().enumerate();
    numbered
        .filter_map(|(number, line)| {
            Some((number + 1, named(line, "ANCHOR:")?.to_owned()))
        })
        .collect()
}

/// Every fence says what it holds, and Rust is compiled: never `ignore`, which
/// hides a failure, nor `compile_fail`, which any failure satisfies.
pub fn fences(repository: &Repository) -> Vec<Problem> {
    const RUST: [&str; 3] = ["rust", "rust,no_run", "rust,should_panic"];
    let mut problems = Vec::new();
    let readme = PathBuf::from("README.md");
    for page in repository.under("book", "md").chain([&readme]) {
        let mut open: Option<String> = None;
        for (number, line) in repository.read(page).lines().enumerate() {
            let line = line.trim_start();
            let ticks: String =
                line.chars().take_while(|c| *c == '`').collect();
            if ticks.len() < 3 {
                continue;
            }
            let info = line[ticks.len()..].trim();
            match &open {
                Some(fence) => {
                    if info.is_empty() && ticks.len() >= fence.len() {
                        open = None;
                    }
                    continue;
                }
                None => open = Some(ticks),
            }
            let message = if info.is_empty() {
                "say what the block holds, such as `sh` or `text`".to_owned()
            } else if info.starts_with("rust") && !RUST.contains(&info) {
                format!("`{info}` is not tested; use {}", RUST.join(" or "))
            } else {
                continue;
            };
            problems.push(Problem::new(page, number + 1, message));
        }
    }
    problems
}
