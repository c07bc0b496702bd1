use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::{Problem, Repository};

/// Where the anchors of a file are used, if at all: by pages.
const ANCHORED: [(&str, &str); 7] = [
    ("listings", "rs"),
    ("listings", "js"),
    ("listings", "toml"),
    ("book/recorded", "md"),
    ("book/recorded", "html"),
    ("book/recorded", "txt"),
    ("book/recorded", "json"),
];

/// Every include names a tracked file and an anchor that is there once and
/// holds something; every anchor is used.
///
/// mdBook shows an empty block, or the raw text, and exits with 0.
pub fn includes(repository: &Repository) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut used = BTreeSet::new();
    let mut pages: Vec<_> = repository.under("book", "md").cloned().collect();
    let mut seen: BTreeSet<_> = pages.iter().cloned().collect();
    // What is included may include in turn, from its own folder.
    while let Some(page) = pages.pop() {
        let text = repository.read(&page);
        for (number, line) in text.lines().enumerate() {
            for helper in helpers(line) {
                match check(repository, &page, &helper, &mut used) {
                    Ok(Some(file)) if seen.insert(file.clone()) => {
                        pages.push(file);
                    }
                    Ok(_) => {}
                    Err(message) => {
                        problems.push(Problem::new(&page, number + 1, message));
                    }
                }
            }
        }
    }
    unused(repository, &used, &mut problems);
    problems.sort();
    problems
}

/// A file and a name in it.
type Anchor = (PathBuf, String);

fn unused(
    repository: &Repository,
    used: &BTreeSet<Anchor>,
    problems: &mut Vec<Problem>,
) {
    for (folder, kind) in ANCHORED {
        for file in repository.under(folder, kind) {
            let text = repository.read(file);
            let starts: BTreeSet<_> =
                text.lines().filter_map(|line| named(line, START)).collect();
            for (number, line) in text.lines().enumerate() {
                let end = named(line, END).filter(|end| !starts.contains(end));
                let Some(name) = named(line, START).or(end) else { continue };
                if !used.contains(&(file.clone(), name.to_owned())) {
                    let message = format!("no page uses the anchor {name}");
                    problems.push(Problem::new(file, number + 1, message));
                }
            }
        }
    }
}

/// Something between `{{#` and `}}`.
struct Helper<'a> {
    text: &'a str,
    /// Whether it begins the line.
    is_first: bool,
    /// Whether mdBook takes it for a part of an escaped one.
    is_swallowed: bool,
    /// Whether its end is on the same line.
    is_closed: bool,
}

/// The helpers of a line. One with a backslash before it is meant to be read.
fn helpers(line: &str) -> Vec<Helper<'_>> {
    let mut found = Vec::new();
    let mut is_swallowed = false;
    for (at, _) in line.match_indices("{{") {
        let Some(rest) = line[at + 2..].trim_start().strip_prefix('#') else {
            continue;
        };
        if line[..at].ends_with('\\') {
            is_swallowed = true;
            continue;
        }
        let (text, is_closed) = match rest.split_once("}}") {
            Some((text, _)) => (text, true),
            None => (rest, false),
        };
        let is_first = at == 0;
        found.push(Helper { text, is_first, is_swallowed, is_closed });
    }
    found
}

/// The file that a helper includes, or what is wrong with it.
fn check(
    repository: &Repository,
    page: &Path,
    helper: &Helper,
    used: &mut BTreeSet<Anchor>,
) -> Result<Option<PathBuf>, String> {
    let text = helper.text;
    let (name, target) = text.split_once(' ').unwrap_or((text, ""));
    match name {
        _ if helper.is_swallowed => {
            return Err(
                "mdBook takes the line for escaped up to its end".into()
            );
        }
        _ if !helper.is_closed => return Err(format!("{name} has no }}}}")),
        "title" => return Ok(None),
        "include" | "rustdoc_include" => {}
        _ => return Err(format!("mdBook knows no helper {name}")),
    }
    if !helper.is_first {
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
    let text = repository.read(&file);
    let shown = match anchor {
        Some(anchor) if is_range(anchor) => {
            return Err("use an anchor: the numbers of lines change".into());
        }
        Some(anchor) => {
            used.insert((file.clone(), anchor.to_owned()));
            region(&text, anchor)
        }
        None if text.trim().is_empty() => Err("nothing to show".into()),
        None => Ok(()),
    };
    shown.map_err(|problem| format!("{}: {problem}", file.display()))?;
    Ok(Some(file))
}

/// Whether mdBook takes it for the numbers of lines.
fn is_range(anchor: &str) -> bool {
    let start = anchor.split(':').next().unwrap_or(anchor);
    start.is_empty() || start.parse::<usize>().is_ok()
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

const START: &str = "ANCHOR:";
const END: &str = "ANCHOR_END:";

/// Whether there is one such region, and something in it.
fn region(text: &str, anchor: &str) -> Result<(), String> {
    let lines: Vec<&str> = text.lines().collect();
    let find = |mark| {
        let numbered = lines.iter().enumerate();
        let found =
            numbered.filter(|(_, line)| named(line, mark) == Some(anchor));
        found.map(|(number, _)| number).collect::<Vec<_>>()
    };
    match (&find(START)[..], &find(END)[..]) {
        ([start], [end]) if start < end => {
            // mdBook leaves out the marks of other anchors.
            let is_shown = |line: &&str| {
                let is_mark = named(line, START).or(named(line, END)).is_some();
                !line.trim().is_empty() && !is_mark
            };
            match lines[start + 1..*end].iter().any(is_shown) {
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
