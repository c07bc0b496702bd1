use std::io::{self, BufRead, BufReader, Read};
use std::net::TcpListener;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Stdio};
use std::{env, fs};

use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use unblocked::lab::{Error, Listing, Server, Signal, Stream};

use crate::support::{Guarded, until};

/// Longer than any hang guard, so that no block can end by itself.
const FOR_EVER_MS: u64 = 600_000;

/// Set for the process that dies in the middle of an experiment.
const VICTIM: &str = "LAB_VICTIM";

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
    for signal in [Signal::SIGSTOP, Signal::SIGKILL] {
        let server = Listing::new("cluster").start()?;
        let group = server.pid();
        server.signal_group(signal)?;
        server.stop()?;
        assert!(!lives(group), "{signal}");
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
fn an_experiment_that_is_killed_leaves_nothing() {
    let me = env::current_exe().expect("this test runs");
    let mut command = Command::new(me);
    command.args(["--exact", "lab::victim", "--nocapture"]);
    command.envs([(VICTIM, "1"), ("BLOCK_MS", "abc"), ("WORKERS", "0")]);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::null());
    let victim = command.stderr(Stdio::piped()).spawn();
    let mut victim = Guarded(victim.expect("it can be started"));

    let stderr = victim.0.stderr.take().expect("it is a pipe");
    let mut lines = BufReader::new(stderr).lines().map_while(Result::ok);
    let group =
        lines.find_map(|line| line.strip_prefix("group ")?.parse().ok());
    let group: u32 = group.expect("it starts a cluster");
    assert!(lives(group));

    victim.0.kill().expect("it lives");
    until("the group is gone", || !lives(group));
    // They may have become children of this process.
    let orphans = Pid::from_raw(-(group as i32));
    while waitpid(orphans, Some(WaitPidFlag::WNOHANG)).is_ok() {}
}

/// Does nothing, unless the test above starts it in a process of its own.
#[test]
fn victim() -> Result<(), Error> {
    if env::var_os(VICTIM).is_none() {
        return Ok(());
    }
    let server = Listing::new("cluster").start()?;
    eprintln!("group {}", server.pid());
    // Until it is killed; or until its test is, which closes this.
    let _ = io::stdin().read(&mut [0]);
    Ok(())
}
