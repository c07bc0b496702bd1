use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::includes::RECORDED;
use super::prose::Prose;
use super::quantities::quantities;
use super::{Problem, Repository};

/// Numbers that may be typed, each with its reason.
const ALLOWED: &str = "src/book/check/numbers.toml";

/// Nobody types a duration, a rate, a size or a count that was measured: it
/// would still be there when the next recording says another.
///
/// Looks for numbers with a unit, in digits and in words, in all that is read
/// as prose, tables and headings included.
pub fn numbers(repository: &Repository) -> Vec<Problem> {
    let list = Path::new(ALLOWED);
    let toml = repository.read(list);
    let List { allowed } = match toml::from_str(&toml) {
        Ok(allowed) => allowed,
        Err(error) => return vec![Problem::new(list, None, error.to_string())],
    };
    let mut problems = Vec::new();
    let mut is_used = vec![false; allowed.len()];
    let pages = ["book", "exercises"].into_iter();
    for page in pages.flat_map(|folder| repository.under(folder, "md")) {
        if page.starts_with(RECORDED) {
            continue;
        }
        let source = repository.read(page);
        let prose = Prose::of(&source);
        for found in quantities(&prose.text) {
            let mut is_allowed = false;
            for (entry, is_used) in allowed.iter().zip(&mut is_used) {
                if entry.page == *page && entry.covers(&prose.text, &found) {
                    (is_allowed, *is_used) = (true, true);
                }
            }
            if !is_allowed {
                let line = prose.line(&source, found.start);
                let message = format!(
                    "\"{}\" is typed: include a fact from {RECORDED}, or, if \
                     it was not measured, allow it in {ALLOWED} with a reason",
                    prose.text[found].trim_end_matches('\0')
                );
                problems.push(Problem::new(page, line, message));
            }
        }
    }
    for (entry, is_used) in allowed.iter().zip(is_used) {
        let text = entry.text.as_ref();
        let message = match () {
            _ if entry.why.trim().is_empty() => format!("why \"{text}\"?"),
            _ if !is_used => format!(
                "{} types no number in \"{text}\" any more: remove it",
                entry.page.display()
            ),
            _ => continue,
        };
        let before = &toml[..entry.text.span().start];
        let line = before.matches('\n').count() + 1;
        problems.push(Problem::new(list, line, message));
    }
    problems
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(default)]
    allowed: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// The page, from the root of the repository.
    page: PathBuf,
    /// The words around the number, as they are read, without code.
    text: Spanned<String>,
    /// Why it was not measured.
    why: String,
}

impl Entry {
    /// Whether the number stands in these words.
    fn covers(&self, prose: &str, number: &Range<usize>) -> bool {
        let text = self.text.as_ref();
        prose
            .match_indices(text.as_str())
            .any(|(at, _)| at <= number.start && number.end <= at + text.len())
    }
}
