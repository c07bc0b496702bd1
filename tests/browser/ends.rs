//! Nothing outlives a test.

use std::ffi::OsStr;
use std::panic::{self, AssertUnwindSafe};

use procfs::process::all_processes;

use crate::browser::Browser;

#[test]
fn a_test_that_fails_leaves_no_process_and_no_file() {
    let Some(browser) = Browser::start() else { return };
    let profile = browser.profile();
    let group = browser.group();
    browser.open("about:blank");
    let before = living(&profile);
    assert!(before.len() > 3, "a browser is many processes: {before:?}");
    assert!(profile.join("profile").is_dir(), "it writes there");
    let failed = panic::catch_unwind(AssertUnwindSafe(move || {
        browser.ask::<()>("document.never.mind()", &serde_json::json!([]));
    }));
    assert!(failed.is_err(), "a script that fails is an error");
    assert_eq!(living(&profile), [""; 0]);
    assert!(!profile.exists(), "its folder is still there");
    let zombies = all_processes().expect("there is a /proc");
    let stats = zombies.filter_map(|process| process.ok()?.stat().ok());
    assert_eq!(stats.filter(|stat| stat.pgrp == group).count(), 0);
}

/// The processes that were given this home, also those that left their group.
fn living(home: &std::path::Path) -> Vec<String> {
    let all = all_processes().expect("there is a /proc");
    let theirs = all.filter_map(|process| {
        let process = process.ok()?;
        let environment = process.environ().ok()?;
        let is_its = environment.get(OsStr::new("HOME"))? == home.as_os_str();
        is_its.then(|| format!("{} {:?}", process.pid, process.cmdline()))
    });
    theirs.collect()
}
