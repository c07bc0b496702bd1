use crate::running::{finish, lab, run};

/// Fails before anything is started, and says so.
#[track_caller]
fn refused(words: &str, code: i32, said: &[&str]) {
    let (ended, stdout, stderr) = run(words);
    assert_eq!((ended, stdout.as_str()), (Some(code), ""), "{stderr}");
    for part in said {
        assert!(stderr.contains(part), "no {part:?} in {stderr}");
    }
}

#[test]
fn a_wrong_name_lists_the_right_ones() {
    let listings = "there are: blocked, cluster, fork, workers\n";
    for wrong in ["nope", "", "..", "../listings/fork", "BLOCKED"] {
        // Given as a word of its own, also when it is empty.
        let (code, stdout, stderr) = finish(lab("").args([wrong, "/"]));
        assert_eq!((code, stdout.as_str()), (Some(1), ""), "{stderr}");
        assert!(stderr.starts_with("no listing "), "{wrong}: {stderr}");
        assert!(stderr.ends_with(listings), "{wrong}: {stderr}");
    }
    for wrong in ["cluster/nope", "cluster/", "cluster/../main"] {
        let said = ["no stage ", " of cluster; there are: cluster"];
        refused(&format!("{wrong} /"), 1, &said);
    }
}

#[test]
fn a_wrong_path_lists_the_routes() {
    let routes = "it has /block-server and /fast-one";
    let slash = "a path begins with /";
    refused("fork block-server", 1, &["\"block-server\"", routes, slash]);
    refused("fork / http://127.0.0.1/", 1, &[routes, slash]);
    refused("workers fast", 1, &["it has / and /fast", slash]);
    refused("fork /% /<", 1, &["\"/<\"", routes, "can't stand in a request"]);
    refused("fork", 2, &["<PATH>"]);
}

#[test]
fn an_option_that_the_listing_does_not_read_is_refused() {
    for (words, option, variable, readers) in [
        ("blocked --count 5 /", "--count", "COUNT", "workers"),
        ("fork --workers 2 /", "--workers", "WORKERS", "cluster"),
        ("workers --block-ms 5 /", "--block-ms", "BLOCK_MS", "blocked"),
    ] {
        let does = format!("does not read {variable}, so {option} changes");
        refused(words, 1, &[&does, "it is for ", readers]);
    }
}

#[test]
fn a_number_that_can_not_be_is_refused() {
    for words in [
        "blocked --block-ms 30001 /",
        "blocked --block-ms=-1 /",
        "cluster --workers 0 /",
        "blocked --repeat 0 /",
        "blocked --repeat many /",
    ] {
        refused(words, 2, &["invalid value"]);
    }
}

#[test]
fn the_help_tells_what_json_holds_and_how_it_ends() {
    let (code, stdout, _) = run("--help");
    assert_eq!(code, Some(0));
    for word in ["connection", "microseconds", "130", "cargo run -- lab fork"] {
        assert!(stdout.contains(word), "no {word} in {stdout}");
    }
}
