use std::path::Path;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag};

use super::{Problem, Repository};

/// What a block of Rust may be: each of them is compiled.
const RUST: [&str; 3] = ["rust", "rust,no_run", "rust,should_panic"];

/// Every fence says what it holds, and Rust is compiled: never `ignore`, which
/// hides a failure, nor `compile_fail`, which any failure satisfies.
pub fn fences(repository: &Repository) -> Vec<Problem> {
    let readme = Path::new("README.md").to_owned();
    let mut problems = Vec::new();
    for page in repository.under("book", "md").chain([&readme]) {
        let text = repository.read(page);
        let events = Parser::new_ext(&text, Options::all()).into_offset_iter();
        for (event, place) in events {
            let Event::Start(Tag::CodeBlock(kind)) = event else { continue };
            if let Some(message) = wrong(&kind) {
                let line = text[..place.start].matches('\n').count() + 1;
                problems.push(Problem::new(page, line, message));
            }
        }
    }
    problems
}

fn wrong(kind: &CodeBlockKind) -> Option<String> {
    let info = match kind {
        CodeBlockKind::Fenced(info) => info.trim(),
        CodeBlockKind::Indented => "",
    };
    if info.is_empty() {
        return Some("say what the block holds, as in ```sh or ```text".into());
    }
    // Skeptic and mdBook split it so.
    let is_rust = info
        .split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-')
        .any(|word| ["rust", "rs"].contains(&&*word.to_lowercase()));
    (is_rust && !RUST.contains(&info))
        .then(|| format!("`{info}` is not tested; use {}", RUST.join(" or ")))
}
