use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use scraper::{ElementRef, Html, Selector};

use super::links::{links, style};
use super::{Problem, Repository};
use crate::book::build;

/// Builds the book into a temporary folder and looks at every page.
pub fn pages(repository: &Repository) -> Vec<Problem> {
    let file = Path::new("book");
    let folder = match tempfile::tempdir() {
        Ok(folder) => folder,
        Err(error) => return vec![Problem::new(file, None, error.to_string())],
    };
    let into = folder.path().join("built");
    if let Err(error) = build(repository.root(), &into, None) {
        return vec![Problem::new(file, None, error.to_string())];
    }
    let mut site = Site::default();
    site.read(&into, Path::new(""));
    let escaped = escaped(repository);
    let mut problems = Vec::new();
    // On these two, all that is wrong on a chapter's page is so again.
    let repeats = ["index.html", "print.html"].map(Path::new);
    let (again, first): (Vec<_>, Vec<_>) = site
        .pages
        .iter()
        .partition(|(path, _)| repeats.contains(&path.as_path()));
    for pages in [first, again] {
        if !problems.is_empty() {
            break;
        }
        for (path, page) in pages {
            let found = [
                leftovers(page, &escaped),
                empty_code(page),
                twin_ids(page),
                images(page),
                links(&site, path, page),
            ];
            let place = Path::new("target/book").join(path);
            let messages = found.into_iter().flatten();
            let found = messages.map(|text| Problem::new(&place, None, text));
            problems.extend(found);
        }
    }
    if problems.is_empty() {
        problems = shared_ids(&site);
    }
    for file in site.files {
        if file.extension().is_some_and(|kind| kind == "css") {
            let text = fs::read_to_string(into.join(&file));
            let place = Path::new("target/book").join(file);
            let messages = style(&text.unwrap_or_default()).into_iter();
            let found = messages.map(|text| Problem::new(&place, None, text));
            problems.extend(found);
        }
    }
    problems
}

/// The book as a browser would find it.
#[derive(Default)]
pub struct Site {
    pub pages: BTreeMap<PathBuf, Page>,
    pub files: BTreeSet<PathBuf>,
}

pub struct Page {
    pub html: Html,
    pub ids: BTreeSet<String>,
}

impl Site {
    fn read(&mut self, root: &Path, folder: &Path) {
        let entries = fs::read_dir(root.join(folder)).into_iter().flatten();
        for entry in entries.flatten() {
            let path = folder.join(entry.file_name());
            if root.join(&path).is_dir() {
                self.read(root, &path);
                continue;
            }
            if path.extension().is_some_and(|kind| kind == "html") {
                let bytes = fs::read(root.join(&path)).unwrap_or_default();
                let text = String::from_utf8_lossy(&bytes);
                let html = Html::parse_document(&text);
                let ids = select(&html, "[id]");
                let ids = ids.iter().filter_map(|e| e.attr("id"));
                let ids = ids.map(str::to_owned).collect();
                self.pages.insert(path.clone(), Page { html, ids });
            }
            self.files.insert(path);
        }
    }
}

pub fn select<'a>(page: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    let selector = Selector::parse(selector).expect("a selector of ours");
    page.select(&selector).collect()
}

/// The helpers of a text, from `{{#` to `}}`.
fn helpers(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.match_indices("{{#").map(|(at, _)| {
        let rest = &text[at..];
        let end = rest.find("}}").map_or(rest.len(), |end| end + 2);
        let line = rest[..end].lines().next().unwrap_or_default();
        (at, line)
    })
}

/// The helpers that a chapter means to show.
fn escaped(repository: &Repository) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for page in repository.under("book", "md") {
        let text = repository.read(page);
        let meant =
            helpers(&text).filter(|(at, _)| text[..*at].ends_with('\\'));
        found.extend(meant.map(|(_, helper)| helper.to_owned()));
    }
    found
}

/// A helper that mdBook did not understand stays in the page.
fn leftovers(page: &Page, escaped: &BTreeSet<String>) -> Vec<String> {
    let mut messages = Vec::new();
    for main in select(&page.html, "main") {
        let text: String = main.text().collect();
        let found = helpers(&text).map(|(_, helper)| helper);
        let left = found.filter(|helper| !escaped.contains(*helper));
        messages.extend(left.map(|helper| format!("not expanded: {helper}")));
    }
    messages
}

/// A block whose lines are all hidden looks empty: mdBook makes one of an
/// anchor that it does not find.
fn empty_code(page: &Page) -> Vec<String> {
    let hidden = Selector::parse(".boring").expect("a selector of ours");
    let blocks = select(&page.html, "pre code").into_iter().enumerate();
    let marks =
        |text: &str| text.chars().filter(|c| !c.is_whitespace()).count();
    let empty = blocks.filter(|(_, code)| {
        let all: String = code.text().collect();
        let hidden = code.select(&hidden).flat_map(|line| line.text());
        marks(&all) == marks(&hidden.collect::<String>())
    });
    empty
        .map(|(number, _)| format!("code block {} shows nothing", number + 1))
        .collect()
}

fn twin_ids(page: &Page) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let all = select(&page.html, "[id]").into_iter();
    let twins = all
        .filter_map(|element| element.attr("id"))
        .filter(|id| !seen.insert(*id));
    twins.map(|id| format!("the id {id} is there twice")).collect()
}

/// On print.html all chapters are one page. mdBook renames an id that is there
/// twice, but not the labels that refer to it.
fn shared_ids(site: &Site) -> Vec<Problem> {
    // These repeat what is on other pages.
    let copies = ["index.html", "print.html", "toc.html", "404.html"];
    let mut seen: BTreeMap<&str, &Path> = BTreeMap::new();
    let mut problems = Vec::new();
    for (path, page) in &site.pages {
        if copies.iter().any(|copy| path == Path::new(copy)) {
            continue;
        }
        let ours = "main [id]:not(h1, h2, h3, h4, h5, h6, dt)";
        for element in select(&page.html, ours) {
            let id = element.attr("id").unwrap_or_default();
            match seen.insert(id, path) {
                Some(other) if other != path => {
                    let other = other.display();
                    let message = format!("the id {id} is also on {other}");
                    let place = Path::new("target/book").join(path);
                    problems.push(Problem::new(&place, None, message));
                }
                _ => {}
            }
        }
    }
    problems
}

/// Who can't see a picture is told what it shows.
fn images(page: &Page) -> Vec<String> {
    let mut messages = Vec::new();
    for image in select(&page.html, "main img:not([alt])") {
        let source = image.attr("src").unwrap_or_default();
        messages.push(format!("the image {source} has no alt"));
    }
    let says = |id: &str| {
        select(&page.html, "svg title[id], svg desc[id]")
            .into_iter()
            .filter(|element| element.attr("id") == Some(id))
            .any(|element| element.text().any(|text| !text.trim().is_empty()))
    };
    for picture in select(&page.html, "main svg") {
        // mdBook's own icons stand beside words, and parts beside the whole.
        let inside = picture.ancestors().filter_map(ElementRef::wrap);
        let is_part = { inside }.any(|outer| {
            let classes = outer.attr("class").unwrap_or_default();
            outer.value().name() == "svg"
                || classes.contains("blockquote-tag-title")
                || classes.contains("fa-svg")
        });
        if is_part {
            continue;
        }
        let label = picture.attr("aria-label").unwrap_or_default();
        let labels = picture.attr("aria-labelledby").unwrap_or_default();
        let labels: Vec<&str> = labels.split_whitespace().collect();
        let is_named = !label.trim().is_empty()
            || (!labels.is_empty() && labels.into_iter().all(says));
        if picture.attr("role") != Some("img") || !is_named {
            messages.push("an svg has no role=img or no name".into());
        }
    }
    messages
}
