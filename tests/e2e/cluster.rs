use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::thread::available_parallelism;

use nix::sys::signal::kill;
use nix::unistd::Pid;
use unblocked::lab::Signal::{SIGINT, SIGKILL, SIGSTOP, SIGTERM, SIGUSR1};
use unblocked::lab::{Error, Listing, Server, Signal};

use super::support::{Program, announced, get, program};

/// Longer than any test: whoever waits for the end of such a block hangs.
const FOREVER_MS: u64 = 600_000;

/// The worker that a ready line is about.
fn worker_in(line: &str) -> Option<u32> {
    let (ready, pid) = line.split_once(" Worker ")?;
    ready.starts_with("Server running at http://127.0.0.1:").then_some(())?;
    pid.parse().ok()
}

fn workers_of(server: &Server) -> Result<BTreeSet<u32>, Error> {
    Ok(server.children()?.iter().map(|child| child.pid).collect())
}

#[test]
fn every_worker_says_that_it_is_ready() -> Result<(), Error> {
    let server = Listing::new("cluster").workers(5).start()?;
    let lines = server.stdout();
    assert_eq!(lines[0], format!("Primary {} is running", server.pid()));
    assert_eq!(lines.len(), 6, "and a line for each worker");

    let url = format!("Server running at http://{}/ ", server.address());
    assert!(lines[1..].iter().all(|line| line.starts_with(&url)));
    let said: BTreeSet<u32> =
        lines.iter().filter_map(|line| worker_in(line)).collect();
    assert_eq!(said.len(), 5, "each has a pid of its own");
    assert_eq!(said, workers_of(&server)?, "all are the primary's children");
    Ok(())
}

#[test]
fn the_primary_has_one_thread_and_serves_nobody() -> Result<(), Error> {
    let server = Listing::new("cluster").workers(3).start()?;
    let workers = workers_of(&server)?;
    let fds = server.open_fds()?;
    for _ in 0..24 {
        let answer = server.send("/fast-one")?.answer()?;
        assert!(workers.contains(&answer.pid), "{} served", answer.pid);
        assert_eq!(answer.thread, answer.pid, "a worker has one thread too");
    }
    assert_eq!(server.threads()?.len(), 1);
    assert_eq!(server.open_fds()?, fds, "no connection passes through it");
    Ok(())
}

#[test]
fn a_dead_worker_is_reported_and_not_replaced() -> Result<(), Error> {
    let server = Listing::new("cluster").workers(2).start()?;
    let workers = server.children()?;
    workers[0].signal(SIGTERM)?;
    let died = format!("worker {} died: SIGTERM", workers[0].pid);
    server.wait_for_line(|line| line == died)?;

    for _ in 0..10 {
        let answer = server.send("/fast-one")?.answer()?;
        assert_eq!((answer.status, answer.pid), (200, workers[1].pid));
    }
    assert_eq!(workers_of(&server)?, BTreeSet::from([workers[1].pid]));
    assert!(server.zombies()?.is_empty(), "the primary reaped it");
    assert_eq!(server.stdout().len(), 4, "nothing else was printed");
    Ok(())
}

#[test]
fn a_primary_without_workers_says_why_it_ends() -> Result<(), Error> {
    let server = Listing::new("cluster").workers(3).start()?;
    let workers = server.children()?;
    // Not SIGINT: whatever a script starts in the background ignores it.
    let signals = [SIGTERM, SIGUSR1, SIGKILL];
    // The kernel may merge the signals that tell the primary of these deaths.
    for (worker, signal) in workers.iter().zip(signals) {
        worker.signal(signal)?;
    }
    let end = server.wait_for_exit()?;
    for (worker, signal) in workers.iter().zip(signals) {
        let died = format!("worker {} died: {signal}", worker.pid);
        server.wait_for_line(|line| line == died)?;
    }
    server.wait_for_line(|line| line == "cluster: all workers are dead")?;
    assert_eq!(server.stderr(), ["cluster: all workers are dead"]);
    assert_eq!(end.code(), Some(1));
    assert!(server.processes()?.is_empty());
    assert!(server.zombies()?.is_empty());
    Ok(())
}

#[test]
fn a_worker_that_ends_by_itself_is_reported_with_its_code() {
    // Four descriptors are enough to listen and too few for a runtime: each
    // worker panics, and 101 is Rust's exit code for that.
    let mut sh = Command::new("sh");
    sh.args(["-c", "ulimit -n 4; exec \"$0\""]).arg(program("cluster"));
    let mut run = Program::start(sh.env("PORT", "0").env("WORKERS", "2"));

    let end = run.end();
    assert_eq!(end.status.code(), Some(1), "{end:?}");
    let primary = format!("Primary {} is running", run.pid());
    let (first, deaths) = end.stdout.split_first().expect("it spoke");
    assert_eq!((first, deaths.len()), (&primary, 2), "{end:?}");
    for death in deaths {
        let pid = death.strip_prefix("worker ");
        let pid = pid.and_then(|rest| rest.strip_suffix(" died: code 101"));
        assert!(pid.is_some_and(|pid| pid.parse::<u32>().is_ok()), "{end:?}");
    }
}

#[derive(Clone, Copy, Debug)]
enum Workers {
    Idle,
    OneComputes,
    OneIsStopped,
}

#[track_caller]
fn ends_all_of_it(
    signal: Signal,
    to_group: bool,
    workers: Workers,
) -> Result<(), Error> {
    let case = format!("{signal}, to the group: {to_group}, {workers:?}");
    let listing = Listing::new("cluster").workers(2).block_ms(FOREVER_MS);
    let server = listing.start()?;
    let mut slow = None;
    match workers {
        Workers::Idle => {}
        Workers::OneComputes => slow = Some(server.send("/block-server")?),
        Workers::OneIsStopped => {
            server.children()?[0].signal(SIGSTOP)?;
            server.wait_until("a worker is stopped", || {
                Ok(server.children()?[0].state == 'T')
            })?;
        }
    }
    if to_group {
        server.signal_group(signal)?;
    } else {
        server.signal(signal)?;
    }
    assert_eq!(server.wait_for_exit()?.code(), Some(0), "{case}");
    // Not later: the primary reaps them before it ends.
    assert!(server.processes()?.is_empty(), "{case}");
    assert!(server.zombies()?.is_empty(), "{case}");
    if let Some(slow) = slow {
        assert!(slow.answer().is_err(), "{case}: its work is cut off");
    }
    Ok(())
}

#[test]
fn a_signal_ends_all_of_it_whatever_the_workers_do() -> Result<(), Error> {
    for signal in [SIGINT, SIGTERM] {
        for to_group in [false, true] {
            ends_all_of_it(signal, to_group, Workers::Idle)?;
            ends_all_of_it(signal, to_group, Workers::OneComputes)?;
            ends_all_of_it(signal, to_group, Workers::OneIsStopped)?;
        }
    }
    Ok(())
}

#[test]
fn workers_do_not_outlive_their_primary() -> Result<(), Error> {
    let listing = Listing::new("cluster").workers(3).block_ms(FOREVER_MS);
    let server = listing.start()?;
    let slow = server.send("/block-server")?;
    assert_eq!(server.processes()?.len(), 4);

    server.signal(SIGKILL)?;
    server.wait_until(
        "no process is left, not even the one that computes",
        || Ok(server.processes()?.is_empty()),
    )?;
    assert!(slow.answer().is_err(), "its worker is dead");
    assert!(server.connect().is_err(), "nobody listens");
    Ok(())
}

#[test]
fn all_who_waited_for_two_blocked_workers_are_answered() -> Result<(), Error> {
    let server = Listing::new("cluster").workers(2).block_ms(400).start()?;
    let slow = [server.send("/block-server")?, server.send("/block-server")?];
    let mut fast = Vec::new();
    for _ in 0..20 {
        fast.push(server.enqueue("/fast-one")?);
    }
    let [one, other] = slow.map(|slow| slow.answer());
    let first = one?.answered_at.min(other?.answered_at);
    let workers = workers_of(&server)?;
    for fast in fast {
        let fast = fast.answer()?;
        assert_eq!(
            (fast.status, fast.body.as_str()),
            (200, "I am unblocked now!\n")
        );
        assert!(fast.answered_at > first, "nobody was there to answer");
        assert!(workers.contains(&fast.pid));
    }
    Ok(())
}

/// Starts the cluster without `WORKERS` and expects `count` workers.
#[track_caller]
fn has_as_many_workers(mut command: Command, count: usize) {
    command.env_remove("WORKERS").env("PORT", "0");
    let mut run = Program::start(&mut command);
    let mut ready = Vec::new();
    while ready.len() < count {
        let line = run.line();
        if worker_in(&line).is_some() {
            ready.push(line);
        }
    }
    let answer = get(announced(&ready[0]), "/fast-one");
    assert!(answer.ends_with("\r\n\r\nI am unblocked now!\n"), "{answer}");

    // The primary ends when its last worker is dead, and not before.
    for worker in ready.iter().filter_map(|line| worker_in(line)) {
        let worker = Pid::from_raw(worker as i32);
        kill(worker, SIGKILL).expect("the worker lives");
    }
    let end = run.end();
    assert_eq!(end.status.code(), Some(1), "{end:?}");
    assert_eq!(end.stdout.len(), count, "it only reports deaths: {end:?}");
}

#[test]
fn there_are_as_many_workers_as_cores_that_it_may_use() {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let core = status.lines().find_map(|line| {
        let cores = line.strip_prefix("Cpus_allowed_list:")?.trim();
        cores.split([',', '-']).next()
    });
    let mut on_one = Command::new("taskset");
    on_one.args(["-c", core.expect("a list of cores")]);
    on_one.arg(program("cluster"));
    has_as_many_workers(on_one, 1);

    let cores = available_parallelism().expect("a number of cores");
    has_as_many_workers(Command::new(program("cluster")), cores.get());
}
