//! All programs of all exercises, built by two calls of cargo: one as a
//! student calls it, and one for what no student has.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use serde_json::Value;
use toml::Table;

use super::exercise::Exercise;

/// What cargo has built.
#[derive(Default)]
pub struct Programs {
    /// The stub of each exercise, by its slug.
    pub stubs: BTreeMap<String, PathBuf>,
    /// The grader of each exercise, by its slug.
    pub graders: BTreeMap<String, PathBuf>,
    /// The submissions, as `SLUG--NAME`, and the fixtures, as `fixture--NAME`.
    others: BTreeMap<String, PathBuf>,
    /// What the compiler says of each of them.
    warnings: BTreeMap<String, String>,
}

impl Programs {
    pub fn build(exercises: &[Arc<Exercise>]) -> Result<Self, String> {
        let mut programs = Programs::default();
        programs.as_a_student_does(exercises)?;
        programs.beside_them(exercises)?;
        Ok(programs)
    }

    /// A submission, or a fixture as one of `fixture`.
    pub fn other(&self, slug: &str, name: &str) -> Result<&Path, String> {
        let name = binary(slug, name);
        match self.others.get(&name) {
            Some(program) => Ok(program),
            None => Err(format!(
                "it does not compile\n{}",
                self.warnings.get(&name).map_or("", String::as_str)
            )),
        }
    }

    /// What the compiler complains about.
    pub fn warning(&self, slug: &str, name: &str) -> Option<&str> {
        self.warnings.get(&binary(slug, name)).map(String::as_str)
    }

    /// `cargo test -p ex-SLUG`, of all, without running them.
    fn as_a_student_does(
        &mut self,
        exercises: &[Arc<Exercise>],
    ) -> Result<(), String> {
        let mut cargo = cargo("test");
        cargo.arg("--no-run").current_dir(env!("CARGO_MANIFEST_DIR"));
        for slug in exercises.iter().map(|it| &it.slug) {
            cargo.arg("-p").arg(format!("ex-{slug}"));
        }
        for built in messages(cargo)? {
            let manifest = built["manifest_path"].as_str().unwrap_or_default();
            let folder = Path::new(manifest).parent().unwrap_or(Path::new(""));
            let exercise = exercises.iter().find(|it| it.folder == folder);
            let Some(slug) = exercise.map(|it| &it.slug) else { continue };
            let stub = format!("ex-{slug}");
            let name = target(&built);
            self.warnings(&built, binary(slug, name));
            let Some(program) = built["executable"].as_str() else { continue };
            let is_test = built["profile"]["test"] == true;
            if name == "grade" && is_test {
                self.graders.insert(slug.clone(), program.into());
            } else if name == stub && !is_test {
                self.stubs.insert(slug.clone(), program.into());
            }
        }
        for slug in exercises.iter().map(|it| &it.slug) {
            let has = |all: &BTreeMap<_, _>| all.contains_key(slug);
            if !has(&self.stubs) || !has(&self.graders) {
                return Err(format!(
                    "cargo test -p ex-{slug} builds no stub or no grader"
                ));
            }
        }
        Ok(())
    }

    /// A workspace in target/ has a package for each exercise, with the
    /// dependencies of the exercise's own and a binary for each submission.
    fn beside_them(
        &mut self,
        exercises: &[Arc<Exercise>],
    ) -> Result<(), String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let folder = temporary.join("graders");
        let mut members = BTreeSet::from(["fixture".to_owned()]);
        for exercise in exercises {
            let name = format!("ex-{}", exercise.slug);
            let manifest = package(exercise)?;
            write(&folder.join(&name).join("Cargo.toml"), &manifest)?;
            members.insert(name);
        }
        let fixture = folder.join("fixture/Cargo.toml");
        write(&fixture, &fixtures(&root.join("tests/graders/fixtures"))?)?;

        let own = read(&root.join("Cargo.toml"))?;
        let own: Table = own.parse().map_err(|error| format!("{error}"))?;
        let members = members.into_iter().collect::<Vec<_>>();
        let mut workspace = toml::toml! {
            resolver = "3"
        };
        workspace.insert("members".into(), members.into());
        let mut workspace =
            Table::from_iter([("workspace".to_owned(), workspace.into())]);
        // Optimised as the exercise is.
        if let Some(profile) = own.get("profile") {
            workspace.insert("profile".into(), profile.clone());
        }
        write(&folder.join("Cargo.toml"), &workspace.to_string())?;
        // The same versions of everything.
        write(&folder.join("Cargo.lock"), &read(&root.join("Cargo.lock"))?)?;

        let mut cargo = cargo("build");
        cargo.args(["--workspace", "--keep-going"]).current_dir(&folder);
        let target = temporary.parent().unwrap_or(temporary);
        cargo.arg("--target-dir").arg(target);
        for built in messages(cargo)? {
            let name = self::target(&built).to_owned();
            self.warnings(&built, name.clone());
            if let Some(program) = built["executable"].as_str() {
                self.others.insert(name, program.into());
            }
        }
        Ok(())
    }

    fn warnings(&mut self, message: &Value, name: String) {
        if let Some(text) = message["message"]["rendered"].as_str() {
            *self.warnings.entry(name).or_default() += text;
        }
    }
}

fn target(message: &Value) -> &str {
    message["target"]["name"].as_str().unwrap_or_default()
}

fn binary(slug: &str, name: &str) -> String {
    format!("{slug}--{name}")
}

/// The manifest of an exercise's submissions.
fn package(exercise: &Exercise) -> Result<String, String> {
    let own = read(&exercise.folder.join("Cargo.toml"))?;
    let mut own: Table = own.parse().map_err(|error| format!("{error}"))?;
    let sources = exercise.submissions.iter();
    let sources =
        sources.map(|it| (binary(&exercise.slug, &it.name), &it.file));
    let mut manifest = manifest(&format!("ex-{}", exercise.slug), sources);
    for key in ["dependencies", "lints"] {
        if let Some(value) = own.remove(key) {
            manifest.insert(key.into(), value);
        }
    }
    Ok(manifest.to_string())
}

/// The manifest of the programs that try the framework itself.
fn fixtures(folder: &Path) -> Result<String, String> {
    let mut sources = Vec::new();
    let entries = fs::read_dir(folder).map_err(|error| error.to_string())?;
    for entry in entries.flatten() {
        let file = entry.path();
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        sources.push((binary("fixture", &name), file.clone()));
    }
    let sources = sources.iter().map(|(name, file)| (name.clone(), file));
    let mut manifest = manifest("fixture", sources);
    let mut unblocked = toml::toml! {
        default-features = false
    };
    let root = env!("CARGO_MANIFEST_DIR");
    unblocked.insert("path".into(), root.into());
    let dependencies =
        Table::from_iter([("unblocked".to_owned(), unblocked.into())]);
    manifest.insert("dependencies".into(), dependencies.into());
    Ok(manifest.to_string())
}

fn manifest<'a>(
    name: &str,
    binaries: impl Iterator<Item = (String, &'a PathBuf)>,
) -> Table {
    let mut package = toml::toml! {
        version = "0.0.0"
        edition = "2024"
        publish = false
    };
    package.insert("name".into(), name.into());
    let binaries = binaries.map(|(name, file)| {
        let path = file.to_string_lossy().into_owned();
        Table::from_iter([
            ("name".to_owned(), name.into()),
            ("path".to_owned(), path.into()),
        ])
    });
    let binaries: Vec<Table> = binaries.collect();
    Table::from_iter([
        ("package".to_owned(), package.into()),
        ("bin".to_owned(), binaries.into()),
    ])
}

fn cargo(command: &str) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([command, "--quiet", "--message-format=json"]);
    cargo
}

/// What cargo and the compiler say, one message a line.
fn messages(mut cargo: Command) -> Result<Vec<Value>, String> {
    let output = cargo
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot start cargo: {error}"))?;
    let lines = String::from_utf8_lossy(&output.stdout);
    let lines = lines.lines().map(serde_json::from_str);
    let messages: Vec<Value> =
        lines.collect::<Result<_, _>>().map_err(|error| error.to_string())?;
    match messages.is_empty() {
        true => Err(format!("cargo says nothing: {}", output.status)),
        false => Ok(messages),
    }
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file)
        .map_err(|error| format!("cannot read {}: {error}", file.display()))
}

/// Writes a file, unless it says so already: cargo looks at its age.
fn write(file: &Path, text: &str) -> Result<(), String> {
    if fs::read_to_string(file).is_ok_and(|known| known == text) {
        return Ok(());
    }
    fs::create_dir_all(file.parent().unwrap_or(file))
        .and_then(|()| fs::write(file, text))
        .map_err(|error| format!("cannot write {}: {error}", file.display()))
}
