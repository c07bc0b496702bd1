//! Nothing outlives a test.

use std::fs;
use std::panic::{self, AssertUnwindSafe};

use procfs::process::Process;
use serde_json::json;

use crate::browser::Browser;

#[test]
fn a_test_that_fails_leaves_no_process_and_no_file() {
    let Some(browser) = Browser::start() else { return };
    browser.open("about:blank");
    let profile = browser.profile();
    assert!(fs::read_dir(&profile).is_ok_and(|it| it.count() > 0));
    // Its crash handlers leave the group.
    let (group, marked) = (browser.group.members(), browser.group.marked());
    assert!(group.len() > 5, "a browser is many processes: {group:?}");

    let failed = panic::catch_unwind(AssertUnwindSafe(move || {
        browser.ask::<()>("document.never.mind()", &json!([]));
    }));
    assert!(failed.is_err(), "a script that fails is an error");
    for pid in group.iter().chain(&marked) {
        let process = Process::new(pid.as_raw());
        assert!(process.is_err(), "there is still {process:?}");
    }
    assert!(!profile.exists(), "its folder is still there");
}
