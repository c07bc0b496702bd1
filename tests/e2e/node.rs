use unblocked::lab::Signal::SIGKILL;
use unblocked::lab::{Error, Listing, Server};

use super::support::node_is_missing;

/// Starts the listing's program for Node, unless there is no Node.
#[track_caller]
fn start(listing: Listing) -> Result<Option<Server>, Error> {
    if node_is_missing() {
        return Ok(None);
    }
    listing.node().start().map(Some)
}

#[test]
fn the_programs_for_node_answer_as_the_listings_do() -> Result<(), Error> {
    let (blocked, unblocked) = ("Blocked Request!\n", "I am unblocked now!\n");
    let end = "End wait Blocked Request!\n";
    for (name, slow, slow_body, fast, fast_body) in [
        ("blocked", "/block-server", blocked, "/fast-one", unblocked),
        ("fork", "/block-server", end, "/fast-one", unblocked),
        ("cluster", "/block-server", blocked, "/fast-one", unblocked),
        ("workers", "/", "1000", "/fast", "This was fast!"),
    ] {
        let listing = Listing::new(name).block_ms(50).count(1_000);
        let Some(server) = start(listing)? else { return Ok(()) };
        for (path, body) in [(slow, slow_body), (fast, fast_body)] {
            let answer = server.send(path)?.answer()?;
            assert_eq!((answer.status, answer.body.as_str()), (200, body));
        }
    }
    Ok(())
}

#[test]
fn node_blocked_lets_the_fast_one_wait() -> Result<(), Error> {
    let listing = Listing::new("blocked").block_ms(400);
    let Some(server) = start(listing)? else { return Ok(()) };
    let slow = server.send("/block-server")?;
    let fast = server.send("/fast-one")?;
    let (slow, fast) = (slow.answer()?, fast.answer()?);
    assert!(fast.answered_at > slow.answered_at);
    assert_eq!((fast.pid, slow.pid), (server.pid(), server.pid()));
    Ok(())
}

#[test]
fn node_fork_answers_the_fast_one_first() -> Result<(), Error> {
    let listing = Listing::new("fork").block_ms(600);
    let Some(server) = start(listing)? else { return Ok(()) };
    let slow = server.send("/block-server")?;
    let fast = server.send("/fast-one")?;
    let (slow, fast) = (slow.answer()?, fast.answer()?);
    assert!(fast.answered_at < slow.answered_at);
    assert_eq!(fast.pid, server.pid());
    assert_ne!(slow.pid, server.pid(), "its child did the work");
    Ok(())
}

#[track_caller]
fn never_answers_an_unknown_route(name: &str) -> Result<(), Error> {
    // One worker, so that one process has read this request before the others.
    let listing = Listing::new(name).workers(1);
    let Some(server) = start(listing)? else { return Ok(()) };
    let lost = server.enqueue("/no-such-route")?;
    let kept = server.connect()?;
    for _ in 0..5 {
        assert_eq!(kept.send("/fast-one")?.answer()?.status, 200);
    }
    assert!(!lost.is_answered(), "{name} answered");
    Ok(())
}

#[test]
fn node_never_answers_an_unknown_route() -> Result<(), Error> {
    never_answers_an_unknown_route("blocked")?;
    never_answers_an_unknown_route("fork")?;
    never_answers_an_unknown_route("cluster")
}

#[test]
fn a_client_of_node_fork_waits_for_a_dead_child() -> Result<(), Error> {
    let listing = Listing::new("fork").block_ms(600_000);
    let Some(server) = start(listing)? else { return Ok(()) };
    let slow = server.send("/block-server")?;
    let children = server.children()?;
    assert_eq!(children.len(), 1);
    children[0].signal(SIGKILL)?;
    server.wait_until("the child is gone and reaped", || {
        Ok(server.children()?.is_empty() && server.zombies()?.is_empty())
    })?;
    for _ in 0..5 {
        assert_eq!(server.send("/fast-one")?.answer()?.status, 200);
    }
    assert!(!slow.is_answered(), "nobody will ever answer it");
    Ok(())
}

#[test]
fn node_cluster_answers_the_fast_one_first() -> Result<(), Error> {
    let listing = Listing::new("cluster").workers(2).block_ms(600);
    let Some(server) = start(listing)? else { return Ok(()) };
    let slow = server.send("/block-server")?;
    let fast = server.send("/fast-one")?;
    let (slow, fast) = (slow.answer()?, fast.answer()?);
    assert!(fast.answered_at < slow.answered_at);
    assert_ne!(fast.pid, slow.pid);
    assert!(![fast.pid, slow.pid].contains(&server.pid()), "two workers");
    Ok(())
}

#[test]
fn a_blocked_worker_of_node_traps_one_more_client() -> Result<(), Error> {
    let listing = Listing::new("cluster").workers(2).block_ms(600);
    let Some(server) = start(listing)? else { return Ok(()) };
    let slow = server.send("/block-server")?;
    let mut fast = Vec::new();
    for _ in 0..6 {
        fast.push(server.enqueue("/fast-one")?);
    }
    let slow = slow.answer()?;
    let mut late = 0;
    for fast in fast {
        let fast = fast.answer()?;
        let waited = fast.answered_at > slow.answered_at;
        assert_eq!(waited, fast.pid == slow.pid, "only there it waits");
        late += u32::from(waited);
    }
    assert_eq!(late, 1);
    Ok(())
}

#[test]
fn node_cluster_ends_as_a_success_when_all_are_dead() -> Result<(), Error> {
    let listing = Listing::new("cluster").workers(2);
    let Some(server) = start(listing)? else { return Ok(()) };
    let workers = server.children()?;
    assert_eq!(workers.len(), 2);
    for worker in &workers {
        worker.signal(SIGKILL)?;
    }
    assert_eq!(server.wait_for_exit()?.code(), Some(0));
    for worker in workers {
        let died = format!("worker {} died", worker.pid);
        server.wait_for_line(|line| line == died)?;
    }
    assert!(server.processes()?.is_empty());
    Ok(())
}

#[test]
fn node_workers_answers_the_fast_one_first() -> Result<(), Error> {
    let listing = Listing::new("workers").count(2_000_000_000);
    let Some(server) = start(listing)? else { return Ok(()) };
    let slow = server.send("/")?;
    let fast = server.send("/fast")?;
    let (slow, fast) = (slow.answer()?, fast.answer()?);
    assert!(fast.answered_at < slow.answered_at);
    assert_eq!(slow.body, "2000000000");
    assert_eq!((fast.pid, slow.pid), (server.pid(), server.pid()));
    assert_ne!(fast.thread, slow.thread);
    Ok(())
}

#[test]
fn node_workers_keeps_a_thread_for_each_request() -> Result<(), Error> {
    let listing = Listing::new("workers").count(1_000);
    let Some(server) = start(listing)? else { return Ok(()) };
    // The first one also makes Node start helpers that it then keeps.
    assert_eq!(server.send("/")?.answer()?.body, "1000");
    let before = server.threads()?.len();
    for more in 1..=5 {
        assert_eq!(server.send("/")?.answer()?.body, "1000");
        assert_eq!(server.threads()?.len(), before + more);
    }
    Ok(())
}
