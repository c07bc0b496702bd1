use std::io::{self, BufRead, BufReader, Read};
use std::net::TcpListener;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Child, Command, Stdio};
use std::{env, fs};

use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use unblocked::lab::{Error, Listing, Server, Signal, Stream};

use crate::support::{Guarded, until};

/// Longer than any hang guard, so that no block can end by itself.
const FOR_EVER_MS: u64 = 600_000;

/// Set in a process that a test has started to run the same test again, and
/// that plays the other part in it.
const AGAIN: &str = "LAB_AGAIN";

fn blocked() -> Result<Server, Error> {
    Listing::new("blocked").block_ms(300).start()
}

/// Whether a process of this group lives; a zombie does not.
fn lives(group: u32) -> bool {
    let all = procfs::process::all_processes().expect("there is /proc");
    let mut stats = all.filter_map(|process| process.ok()?.stat().ok());
    stats.any(|stat| {
        stat.pgrp as u32 == group && !matches!(stat.state, 'Z' | 'X')
    })
}

/// One test of this file again, in a process of its own, for what is set for
/// a whole process and for what ends one. Letting go of it kills it.
#[track_caller]
fn again(test: &str, variables: &[(&str, &str)]) -> Guarded {
    let me = env::current_exe().expect("this test runs");
    let mut command = Command::new(me);
    command.args(["--exact", &format!("lab::{test}"), "--nocapture"]);
    command.env(AGAIN, "1").envs(variables.iter().copied());
    command.stdin(Stdio::piped());
    let command = command.stdout(Stdio::null()).stderr(Stdio::piped());
    Guarded(command.spawn().expect("it can be started"))
}

/// The rest of the line that starts with this, on its standard error.
#[track_caller]
fn says(process: &mut Child, start: &str) -> String {
    let stderr = process.stderr.take().expect("it is a pipe");
    let mut lines = BufReader::new(stderr).lines().map_while(Result::ok);
    let rest = lines.find_map(|line| Some(line.strip_prefix(start)?.into()));
    rest.expect("it says so")
}

#[test]
fn an_unknown_listing_is_answered_with_the_known_ones() {
    let Err(Error::Unknown { wanted, known }) = Listing::new("blokced").start()
    else {
        panic!("there is no such listing");
    };
    assert_eq!(wanted, "listing blokced");
    for name in ["blocked", "cluster", "fork", "workers"] {
        assert!(known.iter().any(|one| one == name), "{name} in {known:?}");
    }
    assert!(known.is_sorted());
}

#[test]
fn another_folder_of_listings_can_be_named() {
    if env::var_os(AGAIN).is_some() {
        let error = Listing::new("blocked").start().err();
        return eprintln!("error {error:?}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    for listing in ["theirs", "mine"] {
        let listing = folder.path().join(listing);
        fs::create_dir(&listing).expect("a folder");
        fs::write(listing.join("Cargo.toml"), "").expect("a file");
    }
    fs::create_dir(folder.path().join("no-listing")).expect("a folder");
    let folder = folder.path().to_str().expect("plain text");
    let mut other = again(
        "another_folder_of_listings_can_be_named",
        &[("UNBLOCKED_LISTINGS", folder)],
    );
    let error = says(&mut other.0, "error ");
    assert_eq!(error, "Some(no listing blocked; there are: mine, theirs)");
}

#[test]
fn an_unknown_stage_is_answered_with_the_known_ones() {
    let listing = Listing::new("fork").stage("fork_pol");
    let Err(Error::Unknown { wanted, known }) = listing.start() else {
        panic!("there is no such stage");
    };
    assert_eq!(wanted, "stage fork_pol of fork");
    assert!(known.iter().any(|one| one == "fork"), "{known:?}");
}

#[test]
fn a_listing_that_ends_at_once_is_shown_with_its_command_and_its_words() {
    let listing = Listing::new("blocked").env("PORT", "abc");
    let error = listing.start().err().expect("it ends");
    let text = error.to_string();
    assert_eq!(format!("{error:?}"), text, "for the end of an experiment");
    for part in ["`PORT=abc ", "/blocked` ended", "exit status: 1", "try PORT"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn a_missing_answer_is_shown_with_all_that_is_known() -> Result<(), Error> {
    let server = Listing::new("cluster").block_ms(FOR_EVER_MS).start()?;
    let slow = server.send("/block-server")?;
    let fast = server.send("/fast-one")?.answer()?;
    let mut workers = server.children()?;
    workers.retain(|worker| worker.pid != fast.pid);
    let pid = workers[0].pid;
    workers[0].signal(Signal::SIGKILL)?;
    server.wait_for_line(|line| line.contains("died"))?;

    let text = slow.answer().expect_err("nobody answers").to_string();
    for part in [
        "no answer to GET /block-server: ",
        "command: BLOCK_MS=600000 PORT=0 WORKERS=2 ",
        &format!("Stdout: Worker {pid} start block-server"),
        &format!("Stdout: worker {pid} died"),
        &format!("processes of the group {}:", server.pid()),
        &format!("cluster (child of {})", server.pid()),
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    Ok(())
}

#[test]
fn a_server_that_dies_in_the_middle_of_a_request_is_shown() -> Result<(), Error>
{
    let server = Listing::new("blocked").block_ms(FOR_EVER_MS).start()?;
    let slow = server.send("/block-server")?;
    server.signal(Signal::SIGKILL)?;
    let text = slow.answer().expect_err("nobody answers").to_string();
    for part in [
        "no answer to GET /block-server: ",
        "command: BLOCK_MS=600000 PORT=0 ",
        "Stdout: start block-server",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    Ok(())
}

#[test]
fn the_two_outputs_are_kept_apart() -> Result<(), Error> {
    let server = Listing::new("cluster").workers(1).start()?;
    let worker = server.children()?[0].pid;
    server.children()?[0].signal(Signal::SIGKILL)?;
    server.wait_for_exit()?;
    let (out, err) = (Stream::Stdout, Stream::Stderr);
    let died = format!("worker {worker} died: SIGKILL");
    for (stream, text) in
        [(out, &*died), (err, "cluster: all workers are dead")]
    {
        server.wait_for_line(|line| line == text)?;
        let lines = server.output();
        let line = lines.iter().find(|line| line.text == text);
        assert_eq!(line.map(|line| line.stream), Some(stream), "{text}");
        let listed = |lines: Vec<String>| lines.iter().any(|line| line == text);
        assert_eq!(listed(server.stdout()), stream == out, "{text}");
        assert_eq!(listed(server.stderr()), stream == err, "{text}");
    }
    Ok(())
}

#[test]
fn a_blocking_request_is_sent_started_and_answered_in_this_order()
-> Result<(), Error> {
    let server = blocked()?;
    let slow = server.send("/block-server")?;
    let lines = server.output();
    let line = lines.last().expect("it has started");
    assert_eq!(
        (line.stream, &*line.text),
        (Stream::Stdout, "start block-server")
    );
    let slow = slow.answer()?;
    assert_eq!(slow.started_at, Some(line.at));
    assert!(slow.started_at < Some(slow.answered_at));
    assert!(slow.sent_at < slow.answered_at);
    let fast = server.send("/fast-one")?.answer()?;
    assert_eq!(fast.started_at, None, "it says nothing");
    Ok(())
}

#[test]
fn requests_on_one_connection_are_answered_in_the_order_of_sending()
-> Result<(), Error> {
    let server = blocked()?;
    let kept = server.connect()?;
    let slow = kept.enqueue("/block-server")?;
    // The next one is written when this one has its answer.
    let fast = kept.enqueue("/fast-one")?;
    let last = kept.enqueue("/no-such-route")?;
    let (slow, fast) = (slow.answer()?, fast.answer()?);
    let last = last.answer()?;
    assert!(slow.answered_at < fast.answered_at);
    assert!(fast.answered_at < last.answered_at);
    assert_eq!((fast.status, last.status), (200, 404));
    Ok(())
}

#[test]
fn memory_of_its_own_is_no_more_than_its_share_of_all() -> Result<(), Error> {
    let server = blocked()?;
    let memory = server.memory()?;
    assert!(0 < memory.uss && memory.uss <= memory.pss, "{memory:?}");
    Ok(())
}

#[test]
fn dropping_a_server_leaves_no_process_and_frees_its_port() -> Result<(), Error>
{
    for name in ["blocked", "fork", "cluster", "workers"] {
        let listing = Listing::new(name).block_ms(FOR_EVER_MS);
        let server = listing.count(1_000_000_000_000).start()?;
        let path = if name == "workers" { "/" } else { "/block-server" };
        let _slow = server.send(path)?;
        let (group, address) = (server.pid(), server.address());
        drop(server);
        assert!(!fs::exists(format!("/proc/{group}")).unwrap_or(true));
        assert!(!lives(group), "{name}");
        assert!(TcpListener::bind(address).is_ok(), "{name} holds its port");
    }
    Ok(())
}

#[test]
fn a_server_that_is_stopped_or_dead_already_still_ends() -> Result<(), Error> {
    // A child that is stopped can't see that its parent is gone.
    for name in ["cluster", "fork"] {
        for signal in [Signal::SIGSTOP, Signal::SIGKILL] {
            let server = Listing::new(name).block_ms(FOR_EVER_MS).start()?;
            let group = server.pid();
            let _slow = server.send("/block-server")?;
            server.signal_group(signal)?;
            drop(server);
            assert!(!lives(group), "{name} {signal}");
        }
    }
    Ok(())
}

#[test]
fn a_panic_in_the_middle_of_an_experiment_leaves_nothing() -> Result<(), Error>
{
    let server = Listing::new("fork").block_ms(FOR_EVER_MS).start()?;
    let group = server.pid();
    let slow = server.send("/block-server")?;
    let experiment = catch_unwind(AssertUnwindSafe(move || {
        let _both = (server, slow);
        panic!("this experiment fails on purpose");
    }));
    assert!(experiment.is_err());
    assert!(!lives(group));
    Ok(())
}

/// Also its environment is none of an experiment's business: it is started
/// with variables that no listing would accept.
#[test]
fn an_experiment_that_is_killed_leaves_nothing() -> Result<(), Error> {
    if env::var_os(AGAIN).is_some() {
        return experiment_without_an_end();
    }
    let mut victim = again(
        "an_experiment_that_is_killed_leaves_nothing",
        &[("BLOCK_MS", "abc"), ("WORKERS", "0")],
    );
    let group = says(&mut victim.0, "group ").parse().expect("a number");
    assert!(lives(group));

    victim.0.kill().expect("it lives");
    until("the group is gone", || !lives(group));
    // They may have become children of this process.
    let orphans = Pid::from_raw(-(group as i32));
    while waitpid(orphans, Some(WaitPidFlag::WNOHANG)).is_ok() {}
    Ok(())
}

/// Runs until it is killed; or until its test is, which closes its input.
fn experiment_without_an_end() -> Result<(), Error> {
    let server = Listing::new("cluster").start()?;
    let _slow = server.send("/block-server")?;
    eprintln!("group {}", server.pid());
    let _ = io::stdin().read(&mut [0]);
    Ok(())
}
