use std::collections::HashSet;
use std::io::Write;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::time::{SystemTime, UNIX_EPOCH};
use std::{fs, process};

use rustix::process::{
    Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open,
};
use unblocked::lab::{Error, Listing, Pending, Process, Server, Signal};

use crate::support::open_files;

/// Longer than any hang guard, so that whatever happens happens at once.
const FOR_EVER_MS: u64 = 600_000;

const SLOW: &str = "End wait Blocked Request!\n";

fn start(block_ms: u64, most: usize) -> Result<Server, Error> {
    Listing::new("fork").block_ms(block_ms).max_at_once(most).start()
}

/// Waits until no child is left, neither alive nor to be reaped.
fn none_left(server: &Server) -> Result<(), Error> {
    server.wait_until("no child is left", || {
        Ok(server.children()?.is_empty() && server.zombies()?.is_empty())
    })
}

#[track_caller]
fn only_child(server: &Server) -> Result<Process, Error> {
    let mut children = server.children()?;
    assert_eq!(children.len(), 1);
    Ok(children.remove(0))
}

/// The child's own end of its channel.
fn channel_of(child: &Process) -> UnixStream {
    let pid = Pid::from_raw(child.pid as i32).expect("not zero");
    let pidfd = pidfd_open(pid, PidfdFlags::empty()).expect("it lives");
    // Its standard input, number 0.
    let channel = pidfd_getfd(pidfd, 0, PidfdGetfdFlags::empty());
    UnixStream::from(channel.expect("it is a descendant of this process"))
}

#[test]
fn both_routes_answer_on_a_fresh_connection_and_on_an_open_one()
-> Result<(), Error> {
    let server = start(200, 64)?;
    let kept = server.connect()?;
    for slow in [server.send("/block-server")?, kept.send("/block-server")?] {
        let slow = slow.answer()?;
        assert_eq!((slow.status, &*slow.body), (200, SLOW));
        assert_ne!(slow.pid, server.pid(), "a child did it");
    }
    for fast in [server.send("/fast-one")?, kept.send("/fast-one")?] {
        let fast = fast.answer()?;
        assert_eq!((fast.status, &*fast.body), (200, "I am unblocked now!\n"));
        assert_eq!(fast.pid, server.pid());
    }
    assert_eq!(server.stderr(), [""; 0]);
    none_left(&server)
}

#[test]
fn a_child_says_when_it_starts_with_two_digits_in_each_field()
-> Result<(), Error> {
    // A time zone in which it is two minutes past one, and for eight minutes
    // more a nought stands before the hours and before the minutes.
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let today = now.expect("it is past 1970").as_secs() as i64 % 86_400;
    let west = today - (3_600 + 2 * 60);
    let sign = if west < 0 { "-" } else { "" };
    let (minutes, seconds) = (west.abs() / 60, west.abs() % 60);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    let zone = format!("TEST{sign}{hours:02}:{minutes:02}:{seconds:02}");

    let server = Listing::new("fork").block_ms(0).env("TZ", zone).start()?;
    server.send("/block-server")?.answer()?;
    let line = server.wait_for_line(|line| line.starts_with("start"))?;
    assert!(line.starts_with("start wait 01:0"), "{line}");
    let digits = |c: char| if c.is_ascii_digit() { '0' } else { c };
    let shape: String = line.chars().map(digits).collect();
    assert_eq!(shape, "start wait 00:00:00");
    Ok(())
}

#[test]
fn a_child_that_is_killed_gives_its_client_a_502_at_once() -> Result<(), Error>
{
    for signal in [Signal::SIGKILL, Signal::SIGTERM] {
        let reason = broken(|child| child.signal(signal))?;
        assert!(reason.contains(signal.as_str()), "{reason}");
    }
    Ok(())
}

#[test]
fn a_child_that_talks_garbage_gives_its_client_a_502_at_once()
-> Result<(), Error> {
    for garbage in ["garbage\n", "\n", "{}\n", "[1,2]\n"] {
        broken(|child| {
            let mut channel = channel_of(child);
            channel.write_all(garbage.as_bytes()).expect("the parent reads");
            Ok(())
        })?;
    }
    Ok(())
}

#[test]
fn a_child_that_leaves_without_a_word_gives_its_client_a_502_at_once()
-> Result<(), Error> {
    // Its channel is closed, which also makes it exit by itself.
    broken(|child| {
        channel_of(child).shutdown(Shutdown::Both).expect("it is open");
        Ok(())
    })?;
    Ok(())
}

#[test]
fn a_child_that_leaves_in_the_middle_of_a_word_gives_a_502_at_once()
-> Result<(), Error> {
    broken(|child| {
        let mut channel = channel_of(child);
        channel.write_all(b"[1,\"End").expect("the parent reads");
        child.signal(Signal::SIGTERM)
    })?;
    Ok(())
}

/// Does something to a child at work, on a fresh connection and on one that
/// goes on, and returns the last reason that a client got.
#[track_caller]
fn broken(
    harm: impl Fn(&Process) -> Result<(), Error>,
) -> Result<String, Error> {
    // With one place, a child that kept it would turn the next client away.
    let server = start(FOR_EVER_MS, 1)?;
    let kept = server.connect()?;
    let mut reason = String::new();
    for connection in [&server.connect()?, &kept, &kept] {
        let slow = connection.send("/block-server")?;
        harm(&only_child(&server)?)?;
        let answer = slow.answer()?;
        assert_eq!(answer.status, 502);
        reason = answer.body;
        assert_eq!(reason.lines().count(), 1, "{reason}");
        assert!(reason.contains("child"), "it says who failed: {reason}");
        none_left(&server)?;
    }
    for next in [server.send("/fast-one")?, kept.send("/fast-one")?] {
        assert_eq!(next.answer()?.status, 200, "the server goes on");
    }
    Ok(reason)
}

#[test]
fn a_client_that_leaves_frees_the_place_of_its_child() -> Result<(), Error> {
    let server = start(FOR_EVER_MS, 1)?;
    let slow = server.send("/block-server")?;
    let child = only_child(&server)?;
    slow.abandon();
    none_left(&server)?;

    let _next = server.send("/block-server")?;
    assert_ne!(only_child(&server)?.pid, child.pid, "the place is taken again");
    Ok(())
}

#[test]
fn ten_requests_have_ten_children_and_none_is_left() -> Result<(), Error> {
    let server = start(500, 64)?;
    let before = server.open_fds()?;
    let slow: Result<Vec<Pending>, Error> =
        (0..10).map(|_| server.send("/block-server")).collect();
    let mut pids = HashSet::new();
    for slow in slow? {
        let slow = slow.answer()?;
        assert_eq!(slow.body, SLOW);
        pids.insert(slow.pid);
    }
    assert_eq!(pids.len(), 10, "one pid each");
    assert!(!pids.contains(&server.pid()));
    none_left(&server)?;
    server.wait_until("their channels are closed", || {
        Ok(server.open_fds()? == before)
    })
}

#[test]
fn fifty_requests_one_after_the_other_leave_nothing() -> Result<(), Error> {
    // Each of them gets the only place, so each gave it back in time.
    let server = start(0, 1)?;
    let kept = server.connect()?;
    kept.send("/fast-one")?.answer()?;
    let held = || Ok::<_, Error>((server.open_fds()?, server.threads()?.len()));
    let before = held()?;
    for _ in 0..25 {
        let fresh = server.send("/block-server")?.answer()?;
        let kept = kept.send("/block-server")?.answer()?;
        for slow in [fresh, kept] {
            assert_eq!((slow.status, &*slow.body), (200, SLOW));
        }
    }
    none_left(&server)?;
    server.wait_until("it holds what it held before", || Ok(held()? == before))
}

#[test]
fn beyond_the_bound_a_request_is_refused_at_once() -> Result<(), Error> {
    let server = start(FOR_EVER_MS, 2)?;
    let kept = server.connect()?;
    let slow = [server.send("/block-server")?, server.send("/block-server")?];
    let answered =
        || slow.iter().filter(|pending| pending.is_answered()).count();
    for refused in [server.send("/block-server")?, kept.send("/block-server")?]
    {
        let refused = refused.answer()?;
        assert_eq!(refused.status, 503);
        assert_eq!(refused.header("retry-after"), Some("1"));
        assert!(refused.body.ends_with('\n'), "it has a body");
    }
    assert_eq!(answered(), 0, "both still work");
    let children = server.children()?;
    assert_eq!(children.len(), 2, "and nobody else does");

    children[0].signal(Signal::SIGTERM)?;
    server.wait_until("one place is free", || Ok(answered() == 1))?;
    let next = kept.send("/block-server")?;
    assert!(!next.is_answered(), "it is let in");
    assert_eq!(server.send("/block-server")?.answer()?.status, 503);
    Ok(())
}

#[test]
fn the_death_of_the_parent_ends_a_child_at_work() -> Result<(), Error> {
    let server = start(FOR_EVER_MS, 64)?;
    let slow = [server.send("/block-server")?, server.send("/block-server")?];
    assert_eq!(server.children()?.len(), 2);

    server.signal(Signal::SIGKILL)?;
    server.wait_until("the children are gone too", || {
        Ok(server.processes()?.is_empty())
    })?;
    for slow in slow {
        assert!(slow.answer().is_err(), "nobody is there to answer");
    }
    Ok(())
}

#[test]
fn a_child_has_its_channel_and_its_outputs_and_nothing_else()
-> Result<(), Error> {
    let server = start(FOR_EVER_MS, 64)?;
    let kept = server.connect()?;
    kept.send("/fast-one")?.answer()?;
    // The second child could get hold of the first one's channel.
    let _slow = [server.send("/block-server")?, server.send("/block-server")?];

    // Its outputs are pipes to this process, from which it may also have what
    // a shell or a test harness leaves open in all that it starts.
    let outside = open_files(process::id());
    let mut channels = HashSet::new();
    for child in server.children()? {
        let channel = fs::read_link(format!("/proc/{}/fd/0", child.pid));
        let channel = channel.expect("it lives").display().to_string();
        assert!(channel.starts_with("socket:"), "{channel}");
        let files = open_files(child.pid);
        let own: Vec<&String> = files.difference(&outside).collect();
        assert_eq!(own, [&channel], "no listener, no client, no sibling");
        // These have no number: one could be mistaken for one of ours.
        let of_a_runtime = |file: &&String| file.starts_with("anon_inode:");
        assert_eq!(files.iter().find(of_a_runtime), None);
        // The child may be at work before the parent comes to that.
        server.wait_until("the parent lets go of the child's end", || {
            Ok(!open_files(server.pid()).contains(&channel))
        })?;
        channels.insert(channel);
    }
    assert_eq!(channels.len(), 2, "one channel for each of the two");
    Ok(())
}
