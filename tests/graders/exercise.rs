//! What is in `exercises/`, as it is found there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A folder of `exercises/`.
pub struct Exercise {
    /// Its name.
    pub slug: String,
    pub folder: PathBuf,
    /// What is in its `submissions/`, in the order of their names.
    pub submissions: Vec<Submission>,
}

/// A file of `submissions/`.
pub struct Submission {
    /// Its name, without `.rs`.
    pub name: String,
    pub file: PathBuf,
    /// What its first line says.
    pub verdict: Result<Verdict, String>,
}

/// What must become of a submission.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    Passes,
    /// It fails these criteria and no others.
    Fails {
        criteria: Vec<String>,
        misconception: String,
    },
}

/// All exercises of the folder, in the order of their names.
pub fn discover(folder: &Path) -> io::Result<Vec<Exercise>> {
    let mut exercises = Vec::new();
    for entry in fs::read_dir(folder)? {
        let folder = entry?.path();
        if folder.is_dir() {
            let slug = name(&folder);
            let submissions = submissions(&folder.join("submissions"))?;
            exercises.push(Exercise { slug, folder, submissions });
        }
    }
    exercises.sort_by(|a, b| a.slug.cmp(&b.slug));
    Ok(exercises)
}

fn submissions(folder: &Path) -> io::Result<Vec<Submission>> {
    let mut submissions = Vec::new();
    for entry in fs::read_dir(folder)? {
        let file = entry?.path();
        if file.extension().is_some_and(|kind| kind == "rs") {
            let text = fs::read_to_string(&file)?;
            let name = name(&file);
            let verdict = verdict(text.lines().next().unwrap_or_default())
                .and_then(|verdict| in_place(&name, verdict));
            submissions.push(Submission { name, file, verdict });
        }
    }
    submissions.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(submissions)
}

/// What the first line of a submission says.
pub fn verdict(line: &str) -> Result<Verdict, String> {
    if line.strip_prefix("//! passes: ").is_some_and(|why| !why.is_empty()) {
        return Ok(Verdict::Passes);
    }
    let form = "its first line must be `//! fails: CRITERION[, CRITERION]: \
                MISCONCEPTION`, or `//! passes: WHY` in reference.rs";
    let fails = line.strip_prefix("//! fails: ").ok_or(form)?;
    let (criteria, misconception) = fails.split_once(": ").ok_or(form)?;
    let criteria: Vec<String> =
        criteria.split(", ").map(str::to_owned).collect();
    let is_slug = |slug: &String| {
        let mut letters = slug.chars();
        !slug.is_empty()
            && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    if !criteria.iter().all(is_slug) || misconception.trim().is_empty() {
        return Err(form.into());
    }
    let misconception = misconception.to_owned();
    Ok(Verdict::Fails { criteria, misconception })
}

/// The reference passes, and nothing else does.
fn in_place(name: &str, verdict: Verdict) -> Result<Verdict, String> {
    match (name, &verdict) {
        ("reference", Verdict::Fails { .. }) => {
            Err("reference.rs is the one that passes".into())
        }
        (name, Verdict::Passes) if name != "reference" => {
            Err("only reference.rs passes".into())
        }
        _ => Ok(verdict),
    }
}

fn name(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// New files are found, and wrong first lines too.
pub fn finds_what_is_there() -> Result<(), String> {
    let cases = [
        ("//! fails: a: it is so", true),
        ("//! fails: a, b_2: it is so: always", true),
        ("//! passes: it is right", true),
        ("//! fails: a", false),
        ("//! fails: a: ", false),
        ("//! fails: : it is so", false),
        ("//! fails: a b: it is so", false),
        ("//! fails a: it is so", false),
        ("//! passes: ", false),
        ("//! A server.", false),
        ("", false),
    ];
    for (line, is_right) in cases {
        if verdict(line).is_ok() != is_right {
            return Err(format!("{line:?}: {:?}", verdict(line)));
        }
    }
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let write = |file: &str, text: &str| {
        let file = folder.path().join("one/submissions").join(file);
        fs::create_dir_all(file.parent().unwrap_or(folder.path()))
            .and_then(|()| fs::write(file, text))
            .map_err(|error| error.to_string())
    };
    write("reference.rs", "//! passes: it is right\n")?;
    write("new.rs", "//! fails: a: it is so\n")?;
    write("right.rs", "//! passes: it is right\n")?;
    write("bare.rs", "fn main() {}\n")?;
    write("notes.md", "nothing\n")?;
    let found = discover(folder.path()).map_err(|error| error.to_string())?;
    let found: Vec<(&str, bool)> = found
        .iter()
        .flat_map(|exercise| &exercise.submissions)
        .map(|it| (it.name.as_str(), it.verdict.is_ok()))
        .collect();
    let wanted =
        [("bare", false), ("new", true), ("reference", true), ("right", false)];
    match found == wanted {
        true => Ok(()),
        false => Err(format!("found {found:?}")),
    }
}
