use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::anchors::{END, START, is_range, named, region};
use super::{Problem, Repository};

/// Where each anchor must be used by a page. A recorded run offers more than
/// its page needs, and is not among them.
const ANCHORED: [(&str, &str); 3] =
    [("listings", "rs"), ("listings", "js"), ("listings", "toml")];

/// Where `cargo run -- record` writes.
pub const RECORDED: &str = "book/recorded";

/// Every include names a tracked file and an anchor that is there once and
/// holds something; every anchor of a listing is used.
///
/// mdBook shows an empty block, or the raw text, and exits with 0.
pub fn includes(repository: &Repository) -> Vec<Problem> {
    let (found, mut problems) = walk(repository);
    let used = found
        .into_iter()
        .filter_map(|one| Some((one.file, one.anchor?)))
        .collect();
    unused(repository, &used, &mut problems);
    problems.sort();
    problems
}

/// What a page includes of a file that is there.
pub struct Include {
    /// Who includes it, and on which line.
    pub page: PathBuf,
    pub line: usize,
    pub file: PathBuf,
    pub anchor: Option<String>,
}

/// All includes of all pages, and what is wrong with them.
pub fn walk(repository: &Repository) -> (Vec<Include>, Vec<Problem>) {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    let mut pages: Vec<_> = repository.under("book", "md").cloned().collect();
    let mut seen: BTreeSet<_> = pages.iter().cloned().collect();
    // What is included may include in turn, from its own folder.
    while let Some(page) = pages.pop() {
        let text = repository.read(&page);
        let mut lines = text.lines().enumerate().peekable();
        while let Some((number, line)) = lines.next() {
            let next = lines.peek().map_or("", |(_, next)| next);
            for helper in helpers(line) {
                let checked = target(repository, &page, &helper);
                let Ok(Some((file, anchor))) = checked else {
                    let messages = checked.err().into_iter();
                    problems.extend(messages.map(|message| {
                        Problem::new(&page, number + 1, message)
                    }));
                    continue;
                };
                let shown =
                    shows(repository, &file, anchor.as_deref(), &helper, next);
                if let Err(message) = shown {
                    problems.push(Problem::new(&page, number + 1, message));
                }
                if seen.insert(file.clone()) {
                    pages.push(file.clone());
                }
                let (page, line) = (page.clone(), number + 1);
                found.push(Include { page, line, file, anchor });
            }
        }
    }
    (found, problems)
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
    /// What follows it on the line, if its end is there.
    rest: Option<&'a str>,
}

impl<'a> Helper<'a> {
    /// Its name, and what it is to work on.
    fn words(&self) -> (&'a str, &'a str) {
        self.text.split_once(' ').unwrap_or((self.text, ""))
    }
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
        let (text, rest) = match rest.split_once("}}") {
            Some((text, rest)) => (text, Some(rest)),
            None => (rest, None),
        };
        let is_first = at == 0;
        found.push(Helper { text, is_first, is_swallowed, rest });
    }
    found
}

/// The file that a helper includes and the anchor in it, if it includes any,
/// or why there is none.
fn target(
    repository: &Repository,
    page: &Path,
    helper: &Helper,
) -> Result<Option<(PathBuf, Option<String>)>, String> {
    let (name, target) = helper.words();
    match name {
        _ if helper.is_swallowed => {
            return Err(
                "mdBook takes the line for escaped up to its end".into()
            );
        }
        _ if helper.rest.is_none() => {
            return Err(format!("{name} has no }}}}"));
        }
        "title" => return Ok(None),
        "include" | "rustdoc_include" => {}
        _ => return Err(format!("mdBook knows no helper {name}")),
    }
    let (path, anchor) = match target.trim().split_once(':') {
        Some((path, anchor)) => (path, Some(anchor)),
        None => (target.trim(), None),
    };
    let file = normal(&page.parent().unwrap_or(page).join(path));
    let is_fact = is_fact(&file);
    if !helper.is_first && !is_fact {
        return Err("an include must begin its line".into());
    }
    if !repository.has(&file) {
        return Err(format!("no file {} that git tracks", file.display()));
    }
    match anchor {
        Some(anchor) if is_range(anchor) => {
            Err("use an anchor: the numbers of lines change".into())
        }
        None if is_fact => Err("name the fact, as in NAME.md:fact".into()),
        // It would also bring all other facts, each behind a `#`.
        Some(_) if is_fact && name != "include" => {
            Err("a fact is included with include".into())
        }
        anchor => Ok(Some((file, anchor.map(str::to_owned)))),
    }
}

/// Whether a file holds the numbers of a run, for the middle of a sentence.
fn is_fact(file: &Path) -> bool {
    file.starts_with(RECORDED) && file.extension().is_some_and(|e| e == "md")
}

/// Whether mdBook finds something to show, and shows it as it is meant.
fn shows(
    repository: &Repository,
    file: &Path,
    anchor: Option<&str>,
    helper: &Helper,
    next: &str,
) -> Result<(), String> {
    let text = repository.read(file);
    let shown: Vec<&str> = match anchor {
        Some(anchor) => region(&text, anchor)
            .map_err(|problem| format!("{}: {problem}", file.display()))?,
        None => text.lines().collect(),
    };
    if shown.iter().all(|line| line.trim().is_empty()) {
        let what = anchor.map(|name| format!(" in the anchor {name}"));
        let what = what.unwrap_or_default();
        return Err(format!("{}: nothing{what} to show", file.display()));
    }
    if is_fact(file) && shown.len() != 1 {
        let (file, lines) = (file.display(), shown.len());
        return Err(format!("{file}: a fact is one line and not {lines}"));
    }
    let is_figure = file.extension().is_some_and(|kind| kind == "html");
    let rest = helper.rest.unwrap_or_default();
    if is_figure && !(rest.trim().is_empty() && next.trim().is_empty()) {
        let message = "an empty line must follow a figure, or the Markdown \
                       after it is no Markdown";
        return Err(message.into());
    }
    Ok(())
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
