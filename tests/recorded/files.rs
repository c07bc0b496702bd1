use std::fs;
use std::path::Path;

use tempfile::TempDir;
use unblocked::record::command::{FOLDER, problems};
use unblocked::record::scenario::Scenario;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A scenario like all others.
const NAME: &str = "blocked-two-clients";

#[test]
fn each_file_follows_from_its_trace() {
    let problems = problems(Path::new(ROOT)).expect("a folder to read");
    assert_eq!(problems, [""; 0]);
}

#[test]
fn a_trace_edited_by_hand_is_noticed() {
    let copy = Copy::new();
    copy.replace("json", "\"status\": 200", "\"status\": 201");
    copy.has(&["html does not follow", "txt does not follow"]);
}

#[test]
fn a_variable_that_the_scenario_does_not_set_is_noticed() {
    let copy = Copy::new();
    copy.replace("json", "\"variables\": {}", "\"variables\": {\"A\": \"1\"}");
    copy.has(&["the variables is not the scenario's"]);
}

#[test]
fn a_figure_edited_by_hand_is_noticed() {
    let copy = Copy::new();
    copy.replace("html", "<figcaption>", "<figcaption>Nice: ");
    copy.has(&["html does not follow from its trace; record"]);
}

#[test]
fn a_fact_edited_by_hand_is_noticed() {
    let copy = Copy::new();
    copy.replace("md", "ANCHOR: fast_wait -->\n", "ANCHOR: fast_wait -->\n1");
    copy.has(&["md does not follow"]);
}

#[test]
fn a_missing_trace_is_noticed() {
    let copy = Copy::new();
    fs::remove_file(copy.file("json")).expect("a file to remove");
    copy.has(&["cannot read", "no scenario has this file"]);
}

#[test]
fn a_trace_of_a_newer_version_says_what_to_do() {
    let copy = Copy::new();
    copy.replace("json", "\"version\": 1", "\"version\": 2");
    copy.has(&["version 2; this program reads 1"]);
}

#[test]
fn a_trace_that_is_cut_off_is_named() {
    let copy = Copy::new();
    let text = fs::read_to_string(copy.file("json")).expect("a trace");
    fs::write(copy.file("json"), &text[..text.len() / 2]).expect("a file");
    copy.has(&["blocked-two-clients.json: this is no trace"]);
}

#[test]
fn a_wrong_name_lists_the_right_ones() {
    let error = Scenario::named("blocked").expect_err("no such scenario");
    let message = error.to_string();
    assert!(message.starts_with("no scenario blocked; there are: "));
    assert!(message.contains(NAME) && message.contains("workers-two-clients"));
}

/// A copy of what was recorded, to be broken.
struct Copy {
    root: TempDir,
}

impl Copy {
    fn new() -> Self {
        let root = tempfile::tempdir().expect("a folder");
        let folder = root.path().join(FOLDER);
        fs::create_dir_all(&folder).expect("a folder");
        let recorded = Path::new(ROOT).join(FOLDER);
        for entry in fs::read_dir(recorded).expect("what was recorded") {
            let file = entry.expect("a file").path();
            let name = file.file_name().expect("a name");
            fs::copy(&file, folder.join(name)).expect("a copy");
        }
        let copy = Copy { root };
        copy.has(&[]);
        copy
    }

    fn file(&self, kind: &str) -> std::path::PathBuf {
        self.root.path().join(FOLDER).join(format!("{NAME}.{kind}"))
    }

    #[track_caller]
    fn replace(&self, kind: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.file(kind)).expect("a file");
        assert!(text.contains(from), "{from} in {kind}");
        fs::write(self.file(kind), text.replacen(from, to, 1)).expect("a file");
    }

    /// Whether all of these are said, and nothing if none is expected.
    #[track_caller]
    fn has(&self, expected: &[&str]) {
        let found = problems(self.root.path()).expect("a folder to read");
        assert_eq!(found.is_empty(), expected.is_empty(), "{found:?}");
        for words in expected {
            let said = found.iter().any(|problem| problem.contains(words));
            assert!(said, "{words} in {found:?}");
        }
    }
}
