//! What mdBook does not check, and what the repository promises of itself.
//!
//! Each rule is a function from a [`Repository`] to what it finds there, so
//! that a test can show it a broken copy.

mod anchors;
mod fences;
mod includes;
mod links;
mod loopback;
mod manifest;
mod numbers;
mod pages;
mod prose;
mod quantities;
mod recorded;
mod settings;
mod sources;
mod structure;
mod unsafe_code;

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub use fences::fences;
pub use includes::includes;
pub use loopback::loopback;
pub use numbers::numbers;
pub use pages::pages;
pub use recorded::recorded;
pub use settings::settings;
pub use sources::{lengths, machine_paths};
pub use structure::structure;
pub use unsafe_code::unsafe_comments;

/// A rule: what it is about, and how it is checked.
pub type Rule = (&'static str, fn(&Repository) -> Vec<Problem>);

/// All rules, cheap ones first.
pub const RULES: [Rule; 11] = [
    ("includes and anchors", includes),
    ("recorded runs", recorded),
    ("numbers in prose", numbers),
    ("code fences", fences),
    ("book.toml", settings),
    ("listings, index and chapters", structure),
    ("lengths of files", lengths),
    ("loopback addresses", loopback),
    ("SAFETY comments", unsafe_comments),
    ("paths of a machine", machine_paths),
    ("built pages", pages),
];

/// What breaks any of the rules in the checkout in `root`.
pub fn all(root: &Path) -> Vec<Problem> {
    let repository = Repository::open(root);
    RULES.iter().flat_map(|(_, rule)| rule(&repository)).collect()
}

/// Something that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, relative to the repository.
    pub file: PathBuf,
    /// The line, counted from 1, if it is about one.
    pub line: Option<usize>,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl Problem {
    fn new(
        file: &Path,
        line: impl Into<Option<usize>>,
        message: impl Into<String>,
    ) -> Self {
        let (line, message) = (line.into(), message.into());
        Problem { file: file.to_owned(), line, message }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// A checkout: its folder, and the files that belong to it.
pub struct Repository {
    root: PathBuf,
    files: BTreeSet<PathBuf>,
}

impl Repository {
    /// Looks at the checkout in `root`.
    ///
    /// The files are those that git tracks, since an untracked one would be
    /// missing from the next clone. Without git, it is taken as it is.
    pub fn open(root: &Path) -> Self {
        let listed = Command::new("git")
            .args(["ls-files", "-z", "--cached"])
            .current_dir(root)
            // A hook of git would have it look at another folder.
            .env_remove("GIT_DIR")
            .env_remove("GIT_WORK_TREE")
            .env_remove("GIT_INDEX_FILE")
            .output();
        let names = match listed {
            Ok(output) if output.status.success() => output.stdout,
            _ => Vec::new(),
        };
        let names = String::from_utf8_lossy(&names);
        let names = names.split('\0').filter(|name| !name.is_empty());
        let files: BTreeSet<_> = names.map(PathBuf::from).collect();
        // A folder of which git tracks nothing would break no rule at all.
        if files.is_empty() {
            return Repository::as_it_is(root);
        }
        Repository { root: root.to_owned(), files }
    }

    /// Takes all files that are there, for somebody who is still writing.
    pub fn as_it_is(root: &Path) -> Self {
        let mut files = BTreeSet::new();
        walk(root, Path::new(""), &mut files);
        Repository { root: root.to_owned(), files }
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn has(&self, file: &Path) -> bool {
        self.files.contains(file) && self.root.join(file).is_file()
    }

    /// The files under a folder whose name ends in `.extension`.
    fn under<'a>(
        &'a self,
        folder: &'a str,
        extension: &'a str,
    ) -> impl Iterator<Item = &'a PathBuf> {
        self.files.iter().filter(move |file| {
            file.starts_with(folder)
                && file.extension().is_some_and(|found| found == extension)
                && self.root.join(file).is_file()
        })
    }

    /// What a file says; nothing if it is not there or no text.
    fn read(&self, file: &Path) -> String {
        fs::read_to_string(self.root.join(file)).unwrap_or_default()
    }
}

/// Folders that never belong to a repository.
const FOREIGN: [&str; 3] = [".git", "node_modules", "target"];

fn walk(root: &Path, folder: &Path, files: &mut BTreeSet<PathBuf>) {
    let entries = fs::read_dir(root.join(folder)).into_iter().flatten();
    for entry in entries.flatten() {
        let path = folder.join(entry.file_name());
        // A link to a folder above would never end.
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if !is_folder {
            files.insert(path);
        } else if FOREIGN.iter().all(|name| !path.ends_with(name)) {
            walk(root, &path, files);
        }
    }
}
