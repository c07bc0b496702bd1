use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

use super::pages::{Page, Site, select};

/// What a browser fetches on load, and where its address stands.
const LOADED: [(&str, &str); 11] = [
    ("img", "src"),
    ("script", "src"),
    ("link", "href"),
    ("iframe", "src"),
    ("source", "src"),
    ("video", "src"),
    ("audio", "src"),
    ("embed", "src"),
    ("object", "data"),
    ("use", "href"),
    ("image", "href"),
];

/// Every link within the book leads somewhere, and no page fetches anything
/// from another host.
pub fn links(site: &Site, path: &Path, page: &Page) -> Vec<String> {
    // mdBook gives a base only to the page of the lost, who may be anywhere.
    let has_base = !select(&page.html, "base[href]").is_empty();
    let folder = match path.parent() {
        Some(folder) if !has_base => folder,
        _ => Path::new(""),
    };
    let mut messages = Vec::new();
    for (element, attribute) in LOADED.into_iter().chain([("a", "href")]) {
        let selector = format!("{element}[{attribute}]");
        for found in select(&page.html, &selector) {
            let target = found.attr(attribute).unwrap_or_default().trim();
            if is_foreign(target) {
                if element != "a" && !target.starts_with("data:") {
                    messages.push(format!("asks another host for {target}"));
                }
                continue;
            }
            let broken = missing(site, path, folder, target);
            messages.extend(broken.map(|why| format!("{target}: {why}")));
        }
    }
    for found in select(&page.html, "[srcset]") {
        let set = found.attr("srcset").unwrap_or_default();
        if set.contains("//") {
            messages.push(format!("asks another host for {set}"));
        }
    }
    messages
}

/// No style fetches anything from another host.
pub fn style(text: &str) -> Vec<String> {
    let fetches = ["url(", "@import"].into_iter().flat_map(|mark| {
        text.match_indices(mark).map(move |(at, _)| &text[at + mark.len()..])
    });
    let targets = fetches.map(|rest| rest.trim_start_matches(['"', '\'', ' ']));
    let foreign = targets.filter(|target| {
        ["http:", "https:", "//"].iter().any(|start| target.starts_with(start))
    });
    let short = foreign.filter_map(|target| target.split(['"', ')']).next());
    short.map(|target| format!("asks another host for {target}")).collect()
}

/// Whether it has a scheme, such as `https:`, or a host.
fn is_foreign(target: &str) -> bool {
    let scheme = target.split_once(':').map(|(scheme, _)| scheme);
    target.starts_with("//")
        || scheme.is_some_and(|scheme| {
            scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        })
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
    let asked = match file.strip_prefix('/') {
        Some(rest) => PathBuf::from(rest),
        None if file.is_empty() => path.to_owned(),
        None => folder.join(&file),
    };
    let mut wanted = PathBuf::new();
    for part in asked.iter() {
        match part.to_str() {
            Some("..") if !wanted.pop() => {
                return Some("leads out of the book");
            }
            Some("..") | Some(".") => {}
            _ => wanted.push(part),
        }
    }
    if file.ends_with('/') || wanted == Path::new("") {
        wanted.push("index.html");
    }
    if !site.files.contains(&wanted) {
        return Some("there is no such file in the book");
    }
    let fragment = percent_decode_str(fragment).decode_utf8_lossy();
    let page = site.pages.get(&wanted)?;
    (!fragment.is_empty() && !page.ids.contains(&*fragment))
        .then_some("there is no such place on the page")
}
