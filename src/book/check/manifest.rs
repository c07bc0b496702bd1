use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::{Problem, Repository};

/// What the manifest of a listing may not say: its folder can be copied out.
pub fn ties(file: &Path, text: &str) -> Vec<Problem> {
    let table: Table = match text.parse() {
        Ok(table) => table,
        Err(error) => return vec![Problem::new(file, None, error.to_string())],
    };
    let mut keys = Vec::new();
    tied(&table, false, &mut keys);
    if table.get("package").is_some_and(|all| all.get("build").is_some()) {
        keys.push("build");
    }
    let problems = keys.into_iter().map(|key| {
        let mut lines = text.lines().enumerate();
        let line = lines.find(|(_, line)| {
            let bare: String =
                line.chars().filter(|c| !c.is_whitespace()).collect();
            bare.contains(&format!("{key}="))
                || bare.ends_with(&format!("{key}]"))
        });
        let message = format!("`{key}` ties it to this repository");
        Problem::new(file, line.map(|(number, _)| number + 1), message)
    });
    problems.collect()
}

fn tied(table: &Table, in_dependencies: bool, keys: &mut Vec<&'static str>) {
    for (key, value) in table {
        match (key.as_str(), value) {
            ("workspace", Value::Boolean(true)) => keys.push("workspace"),
            ("path", Value::String(_)) if in_dependencies => keys.push("path"),
            ("build-dependencies", _) => keys.push("build-dependencies"),
            (key, Value::Table(inner)) => {
                let here = key.ends_with("dependencies") || key == "patch";
                tied(inner, in_dependencies || here, keys);
            }
            _ => {}
        }
    }
}

/// Listings and exercises are members of the workspace, whatever they are
/// called.
pub fn members(repository: &Repository) -> Vec<Problem> {
    let file = Path::new("Cargo.toml");
    let table: Table = repository.read(file).parse().unwrap_or_default();
    let members = table.get("workspace").and_then(|all| all.get("members"));
    let members = members.and_then(Value::as_array);
    let is_one = |glob: &&str| {
        let glob = Value::String((*glob).into());
        members.is_some_and(|members| members.contains(&glob))
    };
    let missing = ["listings/*", "exercises/*"].into_iter();
    let missing = missing.filter(|glob| !is_one(glob)).map(|glob| {
        let message = format!("the workspace must have the members {glob}");
        Problem::new(file, None, message)
    });
    missing.collect()
}

/// Binaries of one name would overwrite each other in target/.
pub fn binaries(repository: &Repository) -> Vec<Problem> {
    let mut owners: BTreeMap<String, PathBuf> = BTreeMap::new();
    let mut problems = Vec::new();
    let manifests =
        repository.files.iter().filter(|file| file.ends_with("Cargo.toml"));
    for manifest in manifests {
        let folder = manifest.parent().unwrap_or(manifest);
        let table: Table =
            repository.read(manifest).parse().unwrap_or_default();
        for (name, file) in of_package(repository, folder, &table) {
            if let Some(other) = owners.insert(name, file.clone()) {
                let message = format!(
                    "its binary is called as that of {}",
                    other.display()
                );
                problems.push(Problem::new(&file, None, message));
            }
        }
    }
    problems
}

/// The binaries of a package by name, found as cargo finds them.
fn of_package(
    repository: &Repository,
    folder: &Path,
    table: &Table,
) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    let main = folder.join("src/main.rs");
    let package = table.get("package").and_then(|all| all.get("name"));
    if let Some(name) = package.and_then(Value::as_str)
        && repository.has(&main)
    {
        found.push((name.to_owned(), main));
    }
    let bin = folder.join("src/bin");
    for file in &repository.files {
        let Ok(inner) = file.strip_prefix(&bin) else { continue };
        let is_one = inner.components().count() == 1
            || (inner.components().count() == 2 && inner.ends_with("main.rs"));
        let name = inner.iter().next().map(Path::new);
        let name = name.and_then(Path::file_stem);
        if is_one && let Some(name) = name {
            found.push((name.to_string_lossy().into_owned(), file.clone()));
        }
    }
    let declared = table.get("bin").and_then(Value::as_array);
    for target in declared.into_iter().flatten() {
        let text = |key| target.get(key).and_then(Value::as_str);
        let (Some(name), Some(path)) = (text("name"), text("path")) else {
            continue;
        };
        let file = folder.join(path);
        // The manifest may give a file another name than its own.
        found.retain(|(_, other)| *other != file);
        found.push((name.to_owned(), file));
    }
    let mut seen = BTreeSet::new();
    found.retain(|(_, file)| seen.insert(file.clone()));
    found
}
