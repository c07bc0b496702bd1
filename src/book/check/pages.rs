use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;
use scraper::{ElementRef, Html, Selector};

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
        return vec![Problem::new(file, None, format!("{error:#}"))];
    }
    let mut site = Site { pages: BTreeMap::new(), files: BTreeSet::new() };
    site.read(&into, Path::new(""));
    let mut problems = Vec::new();
    for (path, page) in &site.pages {
        let found = [
            leftovers(page),
            empty_code(page),
            twin_ids(page),
            images(page),
            links(&site, path, page),
        ];
        let place = Path::new("target/book").join(path);
        let messages = found.into_iter().flatten();
        problems.extend(messages.map(|text| Problem::new(&place, None, text)));
    }
    problems.extend(shared_ids(&site));
    problems
}

/// The book as a browser would find it.
struct Site {
    pages: BTreeMap<PathBuf, Html>,
    files: BTreeSet<PathBuf>,
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
                self.pages.insert(path.clone(), Html::parse_document(&text));
            }
            self.files.insert(path);
        }
    }
}

fn select<'a>(page: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    let selector = Selector::parse(selector).expect("a selector of ours");
    page.select(&selector).collect()
}

/// A helper that mdBook did not understand stays in the page. One that was
/// meant to be read stands in a code block.
fn leftovers(page: &Html) -> Vec<String> {
    let main = select(page, "main p, main li, main td, main h1, main h2");
    let texts = main.into_iter().map(|element| element.text().collect());
    let left = texts.filter(|text: &String| text.contains("{{#"));
    left.map(|text| format!("not expanded: {text}")).collect()
}

/// A block whose lines are all hidden looks empty: mdBook makes one of an
/// anchor that it does not find.
fn empty_code(page: &Html) -> Vec<String> {
    let hidden = Selector::parse(".boring").expect("a selector of ours");
    let mut messages = Vec::new();
    for (number, code) in select(page, "pre code").into_iter().enumerate() {
        let all: String = code.text().collect();
        let hidden = code.select(&hidden).flat_map(|line| line.text());
        let hidden: String = hidden.collect();
        let blanks =
            |text: &str| text.chars().filter(|c| !c.is_whitespace()).count();
        if blanks(&all) == blanks(&hidden) {
            messages.push(format!("code block {} shows nothing", number + 1));
        }
    }
    messages
}

fn twin_ids(page: &Html) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let ids = select(page, "[id]").into_iter().filter_map(|e| e.attr("id"));
    let twins = ids.filter(|id| !seen.insert(id.to_owned()));
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
        for id in select(page, ours).iter().filter_map(|e| e.attr("id")) {
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
fn images(page: &Html) -> Vec<String> {
    let mut messages = Vec::new();
    for image in select(page, "main img:not([alt])") {
        let source = image.attr("src").unwrap_or_default();
        messages.push(format!("the image {source} has no alt"));
    }
    let ids: BTreeSet<&str> =
        select(page, "[id]").into_iter().filter_map(|e| e.attr("id")).collect();
    for picture in select(page, "main figure svg") {
        let named =
            picture.attr("aria-label").is_some_and(|name| !name.is_empty());
        let labels = picture.attr("aria-labelledby").unwrap_or_default();
        let mut labels = labels.split_whitespace().peekable();
        let labelled =
            labels.peek().is_some() && labels.all(|id| ids.contains(id));
        if picture.attr("role") != Some("img") || !(named || labelled) {
            messages.push("a figure's svg has no role=img or no name".into());
        }
    }
    messages
}

fn links(site: &Site, path: &Path, page: &Html) -> Vec<String> {
    let kinds = [
        ("a", "href"),
        ("img", "src"),
        ("script", "src"),
        ("link", "href"),
        ("iframe", "src"),
        ("source", "src"),
    ];
    let base = select(page, "base[href]").first().map(|_| PathBuf::new());
    let folder = base.unwrap_or_else(|| path.parent().unwrap_or(path).into());
    let mut messages = Vec::new();
    for (element, attribute) in kinds {
        for found in select(page, &format!("{element}[{attribute}]")) {
            let target = found.attr(attribute).unwrap_or_default();
            let foreign = target.contains("://") || target.starts_with("//");
            if foreign && element != "a" {
                messages.push(format!("asks another host for {target}"));
            } else if !foreign && !target.starts_with("data:") {
                let broken = missing(site, path, &folder, target);
                messages.extend(broken.map(|why| format!("{target}: {why}")));
            }
        }
    }
    messages
}

/// Why a link within the book leads nowhere, if it does.
fn missing(
    site: &Site,
    path: &Path,
    folder: &Path,
    target: &str,
) -> Option<&'static str> {
    let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
    let file = file.split('?').next().unwrap_or(file);
    let file = percent_decode_str(file).decode_utf8_lossy().into_owned();
    let mut wanted = match file.strip_prefix('/') {
        Some(rest) => PathBuf::from(rest),
        None if file.is_empty() => path.to_owned(),
        None => folder.join(&file),
    };
    let mut plain = PathBuf::new();
    for part in wanted.iter() {
        match part.to_str() {
            Some("..") if !plain.pop() => return Some("leads out of the book"),
            Some("..") | Some(".") => {}
            _ => plain.push(part),
        }
    }
    wanted = if file.ends_with('/') { plain.join("index.html") } else { plain };
    if wanted == Path::new("") {
        wanted = "index.html".into();
    }
    if !site.files.contains(&wanted) {
        return Some("there is no such file in the book");
    }
    let fragment = percent_decode_str(fragment).decode_utf8_lossy();
    let page = site.pages.get(&wanted)?;
    let ids = select(page, "[id]");
    let found = ids.iter().any(|found| found.attr("id") == Some(&*fragment));
    (!fragment.is_empty() && !found)
        .then_some("there is no such place on the page")
}
