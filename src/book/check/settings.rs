use std::path::Path;

use toml::{Table, Value};

use super::{Problem, Repository};

/// What book.toml must say, and why.
const MUST: [(&str, &str, &str); 4] = [
    ("book.src", "book", "the prose is there"),
    (
        "build.build-dir",
        "target/book",
        "mdBook empties the folder that it builds into",
    ),
    (
        "build.create-missing",
        "false",
        "a misspelt chapter would become an empty page",
    ),
    (
        "output.html.playground.runnable",
        "false",
        "a page would ask another host for something on load",
    ),
];

/// book.toml keeps the prose safe and the pages silent.
pub fn settings(repository: &Repository) -> Vec<Problem> {
    let file = Path::new("book.toml");
    let text = repository.read(file);
    let table: Table = match text.parse() {
        Ok(table) => table,
        Err(error) => return vec![Problem::new(file, None, error.to_string())],
    };
    let root = Value::Table(table);
    let mut problems = Vec::new();
    for (key, wanted, why) in MUST {
        let mut found = Some(&root);
        for part in key.split('.') {
            found = found.and_then(|value| value.get(part));
        }
        let found = match found {
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
            None => "nothing".into(),
        };
        if found != wanted {
            let last = key.rsplit('.').next().unwrap_or(key);
            let message = format!("{key} is {found}, not {wanted}: {why}");
            problems.push(Problem::new(file, line_of(&text, last), message));
        }
    }
    problems
}

/// The only line that sets such a key, if there is one.
fn line_of(text: &str, key: &str) -> Option<usize> {
    let sets = |line: &str| {
        line.split_once('=').is_some_and(|(left, _)| left.trim() == key)
    };
    let mut lines = text.lines().enumerate().filter(|(_, line)| sets(line));
    let (number, _) = lines.next()?;
    lines.next().is_none().then_some(number + 1)
}
