//! What a reader loads is small. What a whole page loads, the tests in the
//! browser weigh.

use std::fmt::Display;
use std::fs;
use std::path::Path;

use unblocked::record::figure;

use crate::gzip::gzip;
use crate::style::{CSS, OTHER_CSS, SCRIPT};
use crate::traces;

const KB: usize = 1024;

/// Our own script; our style and that of figures together.
const OUR_SCRIPT: usize = 15 * KB;
const OUR_STYLE: usize = 8 * KB;

/// One figure, as it stands in its page.
const FIGURE: usize = 12 * KB;

/// The words of the whole book, which whoever searches loads at once; so large
/// when a server has compressed it.
const SEARCH_INDEX: usize = 250 * KB;

#[test]
fn script_and_style_are_small() {
    assert_eq!(over(OUR_SCRIPT, [("figure.js", SCRIPT.len())]), [""; 0]);
    let style = CSS.len() + OTHER_CSS.len();
    assert_eq!(over(OUR_STYLE, [("the style", style)]), [""; 0]);
}

#[test]
fn each_figure_is_small() {
    let made_up = traces::all();
    let made_up = { made_up.iter() }
        .map(|trace| (trace.scenario.clone(), figure::html(trace).len()));
    let recorded = fs::read_dir("book/recorded").into_iter().flatten();
    let recorded = recorded
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|it| it == "html"))
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a text");
            (path.display().to_string(), text.len())
        });
    assert_eq!(over(FIGURE, made_up.chain(recorded)), [""; 0]);
}

#[test]
fn the_search_index_is_small() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    unblocked::book::build(root, folder.path(), None).expect("a built book");
    let entries = fs::read_dir(folder.path()).expect("a built book");
    let index: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?.to_owned();
            let is_it = name.starts_with("searchindex-");
            is_it.then(|| (name, fs::read(path).expect("a file")))
        })
        .collect();
    let sizes = index.iter().map(|(name, bytes)| (name, gzip(bytes)));
    let sizes: Vec<_> = sizes.collect();
    assert_eq!(sizes.len(), 1, "its name has changed");
    assert!(sizes[0].1 > KB, "there is something in it");
    assert_eq!(over(SEARCH_INDEX, sizes), [""; 0]);
}

#[test]
fn what_is_too_large_is_found() {
    let mut trace = traces::ten_clients();
    // A page should not show so many.
    let mut more = trace.requests.clone();
    trace.requests.append(&mut more);
    trace.requests.sort_by_key(|request| request.sent);
    let found = over(FIGURE, [("twenty clients", figure::html(&trace).len())]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("twenty clients: 1"), "{found:?}");
    let found = over(2, [("fits", 2), ("does not", 3)]);
    assert_eq!(found, ["does not: 3 bytes; 2 is the most"]);
}

/// What is larger than that, by name.
fn over<N: Display>(
    limit: usize,
    sizes: impl IntoIterator<Item = (N, usize)>,
) -> Vec<String> {
    sizes
        .into_iter()
        .filter(|(_, size)| *size > limit)
        .map(|(name, size)| {
            format!("{name}: {size} bytes; {limit} is the most")
        })
        .collect()
}
