use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The version of what a [`Report`] looks like as JSON. It grows when a field
/// changes its meaning or goes away, and not when one is added.
pub const SCHEMA: u32 = 1;

/// A whole grade, as it is written to the file that `UNBLOCKED_REPORT` names:
///
/// ```json
/// {
///   "schema": 1,
///   "exercise": "unblock",
///   "points": 0,
///   "out_of": 2,
///   "passed": false,
///   "seed": 8124,
///   "criteria": [
///     {
///       "slug": "fresh",
///       "sentence": "a fast request is answered before the slow one",
///       "points": 2,
///       "outcome": "failed",
///       "observed": "the fast request was answered after the slow one",
///       "question": "is the work still on the thread that serves?",
///       "scene": "command: ...",
///       "ms": 412
///     }
///   ]
/// }
/// ```
///
/// While the criteria are being checked the file is empty, so that a grade
/// that was killed can't be taken for an older one.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The exercise's slug, the name of its folder.
    pub exercise: String,
    /// What the passed criteria are worth together.
    pub points: u32,
    /// What all criteria are worth together.
    pub out_of: u32,
    /// Whether all criteria passed; not if some were not run.
    pub passed: bool,
    /// What random input was made from, below 2^53 so that every reader of
    /// JSON can hold it; `UNBLOCKED_SEED` repeats it.
    pub seed: u64,
    /// All criteria, in the order of the exercise.
    pub criteria: Vec<Verdict>,
}

/// What became of a criterion.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Verdict {
    /// Its short name, which never changes.
    pub slug: String,
    /// What it demands.
    pub sentence: String,
    /// What it is worth.
    pub points: u32,
    /// Whether it is met.
    pub outcome: Outcome,
    /// If it failed: what was seen.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub observed: String,
    /// If it failed: the question that leads to the reason.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub question: String,
    /// If it failed: what helps to understand it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scene: String,
    /// How long it took, in milliseconds.
    pub ms: u64,
}

/// Whether a criterion is met.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It is.
    Passed,
    /// It is not.
    Failed,
    /// Nobody knows: a filter left it out.
    NotRun,
}

/// The file for the report, open from the start: whoever asks for a report
/// that can't be written learns it before the wait.
pub(super) struct ReportFile {
    path: PathBuf,
    file: File,
}

impl ReportFile {
    pub(super) fn create(path: PathBuf) -> Result<Self, String> {
        match File::create(&path) {
            Ok(file) => Ok(ReportFile { path, file }),
            Err(error) => Err(refused(&path, &error)),
        }
    }

    pub(super) fn write(mut self, report: &Report) -> Result<(), String> {
        serde_json::to_string_pretty(report)
            .map_err(io::Error::from)
            .and_then(|text| writeln!(self.file, "{text}"))
            .map_err(|error| refused(&self.path, &error))
    }
}

fn refused(path: &Path, error: &io::Error) -> String {
    format!(
        "cannot write the report to {}: {error}; name another file in \
         UNBLOCKED_REPORT",
        path.display(),
    )
}
