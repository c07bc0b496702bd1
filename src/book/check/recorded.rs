use std::collections::BTreeMap;
use std::path::Path;

use super::includes::{Include, RECORDED, walk};
use super::{Problem, Repository};

/// Each recorded run is shown by one figure on one page, and nothing is shown
/// of a run whose trace is not there.
pub fn recorded(repository: &Repository) -> Vec<Problem> {
    let (includes, _) = walk(repository);
    let mut problems = Vec::new();
    let mut figures: BTreeMap<&Path, Vec<&Include>> = BTreeMap::new();
    // What a grader prints has no trace; a test runs that grader again.
    let graded = |file: &Path| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("exercise-")
    };
    let runs = includes
        .iter()
        .filter(|one| one.file.starts_with(RECORDED) && !graded(&one.file));
    for include in runs {
        let (page, line) = (&include.page, include.line);
        let trace = include.file.with_extension("json");
        if !repository.has(&trace) {
            let message =
                format!("no trace {} that git tracks", trace.display());
            problems.push(Problem::new(page, line, message));
        }
        if include.file.extension().is_some_and(|kind| kind == "html") {
            figures.entry(&include.file).or_default().push(include);
        }
    }
    for trace in repository.under(RECORDED, "json") {
        let figure = trace.with_extension("html");
        if !figures.contains_key(figure.as_path()) {
            let message = format!("no page shows {}", figure.display());
            problems.push(Problem::new(trace, None, message));
        }
    }
    for mut shown in figures.into_values() {
        shown.sort_by_key(|include| (&include.page, include.line));
        let [first, more @ ..] = &shown[..] else { continue };
        for again in more {
            let message = format!(
                "{}:{} shows it already, and print.html, which has all \
                 pages, would give one of the two other ids",
                first.page.display(),
                first.line,
            );
            problems.push(Problem::new(&again.page, again.line, message));
        }
    }
    problems.sort();
    problems
}
