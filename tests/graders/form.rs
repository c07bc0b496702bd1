//! What each exercise has, for a student and for the book that includes it.

use std::fs;
use std::path::Path;
use std::process::Command;

use toml::Table;

use super::exercise::{Exercise, Verdict};
use super::framework::list;
use super::programs::Programs;

/// Fewer wrong submissions show too little.
const WRONG: usize = 4;

const SECTIONS: [&str; 6] =
    ["Build", "Given", "Graded", "Run", "In the book", "Hints"];

/// All that is missing or too much.
pub fn check(exercise: &Exercise, programs: &Programs) -> Result<(), String> {
    let mut problems = Vec::new();
    let read = |file: &str| {
        fs::read_to_string(exercise.folder.join(file)).unwrap_or_default()
    };
    let criteria = list(&programs.graders[&exercise.slug])?;
    readme(&exercise.slug, &read("README.md"), &criteria, &mut problems);
    stub(&exercise.folder, &read("src/main.rs"), &mut problems);
    manifest(&exercise.slug, &read("Cargo.toml"), &mut problems);
    submissions(exercise, programs, &mut problems);
    let stub = format!("ex-{}", exercise.slug);
    for name in [&*stub, "grade"] {
        if let Some(warning) = programs.warning(&exercise.slug, name) {
            problems.push(format!("the compiler complains\n{warning}"));
        }
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(problems.join("\n")),
    }
}

fn readme(slug: &str, text: &str, criteria: &str, problems: &mut Vec<String>) {
    let heads: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    if !text.starts_with("# ") || heads != SECTIONS {
        let wanted = SECTIONS.join(", ");
        problems.push(format!("README.md must have a title, and: {wanted}"));
    }
    for wanted in [
        format!("cargo test -p ex-{slug}"),
        format!("exercises/{slug}/src/main.rs"),
    ] {
        if !text.contains(&wanted) {
            problems.push(format!("README.md does not say {wanted}"));
        }
    }
    let details: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| line.contains("details>") || line.contains("<summary"))
        .map(|line| line.split(": ").next().unwrap_or(line))
        .collect();
    let wanted: Vec<String> = (1..=3)
        .flat_map(|hint| {
            let summary = format!("<summary>Hint {hint}");
            ["<details>".into(), summary, "</details>".into()]
        })
        .collect();
    if details != wanted {
        problems.push(format!("README.md has no three hints: {details:?}"));
    }
    let graded = text.split("## Graded").nth(1).unwrap_or_default();
    let graded = graded.split("\n## ").next().unwrap_or_default();
    let rows: Vec<String> = graded
        .lines()
        .filter(|line| line.starts_with('|'))
        .skip(2)
        .map(str::to_owned)
        .collect();
    let wanted: Vec<String> = criteria.lines().filter_map(row).collect();
    if rows != wanted {
        problems.push(format!(
            "the table of README.md must be\n{}\nand is\n{}",
            wanted.join("\n"),
            rows.join("\n"),
        ));
    }
}

/// The row of a criterion, from the line that lists it:
/// `[2 points] it answers: test`.
fn row(listed: &str) -> Option<String> {
    let (points, sentence) = listed.strip_prefix('[')?.split_once("] ")?;
    let points = points.split(' ').next()?;
    Some(format!("| {} | {points} |", sentence.strip_suffix(": test")?))
}

/// One file to edit, and one place in it.
fn stub(folder: &Path, text: &str, problems: &mut Vec<String>) {
    let places = text.matches("TODO").count();
    if places != 1 {
        problems.push(format!("src/main.rs has {places} times TODO, not one"));
    }
    let sources = fs::read_dir(folder.join("src")).into_iter().flatten();
    let files: Vec<_> =
        sources.flatten().map(|entry| entry.file_name()).collect();
    if files != ["main.rs"] {
        problems.push(format!("src/ must hold main.rs alone: {files:?}"));
    }
}

fn manifest(slug: &str, text: &str, problems: &mut Vec<String>) {
    let table: Table = text.parse().unwrap_or_default();
    let get = |keys: &[&str]| {
        let mut value = table.get(keys[0]);
        for key in &keys[1..] {
            value = value.and_then(|value| value.get(key));
        }
        value
    };
    let name = get(&["package", "name"]).and_then(|name| name.as_str());
    if name != Some(&format!("ex-{slug}")) {
        problems.push(format!("the package must be called ex-{slug}"));
    }
    let off = Some(&toml::Value::Boolean(false));
    let lab = ["dev-dependencies", "unblocked", "default-features"];
    if get(&["package", "publish"]) != off || get(&lab) != off {
        problems.push(
            "the manifest must have publish = false, and unblocked without \
             its default features"
                .into(),
        );
    }
}

fn submissions(
    exercise: &Exercise,
    programs: &Programs,
    problems: &mut Vec<String>,
) {
    let mut misconceptions = Vec::new();
    for submission in &exercise.submissions {
        let name = &submission.name;
        if let Ok(Verdict::Fails { misconception, .. }) = &submission.verdict {
            misconceptions.push(misconception);
        }
        if let Some(warning) = programs.warning(&exercise.slug, name) {
            problems.push(format!("the compiler complains\n{warning}"));
        }
        let text = fs::read_to_string(&submission.file).unwrap_or_default();
        if text.contains("TODO") {
            problems.push(format!("{name} is not finished: it has a TODO"));
        }
    }
    let wrong = misconceptions.len();
    misconceptions.sort();
    misconceptions.dedup();
    if misconceptions.len() < wrong || wrong < WRONG {
        problems.push(format!(
            "{wrong} wrong submissions with {} misconceptions; it takes \
             {WRONG}, each with its own",
            misconceptions.len(),
        ));
    }
    if !exercise.submissions.iter().any(|it| it.name == "reference") {
        problems.push("there is no submissions/reference.rs".into());
    }
    // `cargo fmt` knows nothing of them.
    let files = exercise.submissions.iter().map(|it| &it.file);
    let style = Path::new(env!("CARGO_MANIFEST_DIR")).join("rustfmt.toml");
    let output = Command::new("rustfmt")
        .args(["--edition", "2024", "--check", "--config-path"])
        .arg(style)
        .args(files)
        .output();
    match output {
        Ok(output) if output.status.success() => {}
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            problems.push(format!("rustfmt would change it\n{text}"));
        }
        Err(error) => problems.push(format!("cannot start rustfmt: {error}")),
    }
}
