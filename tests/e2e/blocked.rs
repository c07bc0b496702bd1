use unblocked::lab::{Error, Listing};

#[test]
fn the_slow_route_says_that_it_starts_and_that_it_blocked() -> Result<(), Error>
{
    let server = Listing::new("blocked").block_ms(200).start()?;
    assert_eq!(server.stdout().len(), 1, "at first only the ready line");

    let slow = server.send("/block-server")?.answer()?;
    assert_eq!((slow.status, slow.body.as_str()), (200, "Blocked Request!\n"));
    assert_eq!(slow.header("content-type"), Some("text/plain"));
    let started = slow.started_at.expect("it says when it starts");
    assert!(slow.sent_at <= started && started < slow.answered_at);
    assert_eq!(server.stdout()[1..], ["start block-server"]);

    let fast = server.send("/fast-one")?.answer()?;
    assert_eq!(
        (fast.status, fast.body.as_str()),
        (200, "I am unblocked now!\n")
    );
    assert_eq!(fast.header("content-type"), Some("text/plain"));
    assert_eq!(server.stdout().len(), 2, "the fast one says nothing");
    assert!(server.stderr().is_empty());
    Ok(())
}

#[test]
fn nobody_overtakes_the_first_of_three_slow_ones() -> Result<(), Error> {
    let server = Listing::new("blocked").block_ms(200).start()?;
    // All six are known to the server and idle when the first block begins.
    let mut open = Vec::new();
    for _ in 0..6 {
        let connection = server.connect()?;
        assert_eq!(connection.send("/fast-one")?.answer()?.status, 200);
        open.push(connection);
    }

    let first = open[0].send("/block-server")?; // It is at work now.
    let second = open[1].enqueue("/block-server")?;
    let third = open[2].enqueue("/block-server")?;
    let mut fast = Vec::new();
    for connection in &open[3..] {
        fast.push(connection.send("/fast-one")?);
    }

    let first = first.answer()?;
    for later in fast.into_iter().chain([second, third]) {
        let later = later.answer()?;
        assert_eq!(later.status, 200);
        assert!(later.answered_at > first.answered_at, "one at a time");
        assert_eq!((later.pid, later.thread), (first.pid, first.thread));
    }
    let starts = server.stdout().into_iter().skip(1);
    assert_eq!(starts.collect::<Vec<_>>(), ["start block-server"; 3]);
    Ok(())
}

#[test]
fn clients_that_leave_during_the_block_harm_nobody() -> Result<(), Error> {
    let server = Listing::new("blocked").block_ms(400).start()?;
    let fds = server.open_fds()?;
    let slow = server.send("/block-server")?;
    let mut waiting = Vec::new();
    for _ in 0..5 {
        server.enqueue("/fast-one")?.abandon();
        waiting.push(server.enqueue("/fast-one")?);
    }
    slow.abandon(); // Its work goes on, for nobody.

    for fast in waiting {
        assert_eq!(fast.answer()?.body, "I am unblocked now!\n");
    }
    server.wait_until("the connections of all who left are closed", || {
        Ok(server.open_fds()? == fds)
    })?;
    let next = server.send("/block-server")?.answer()?;
    assert_eq!((next.status, next.pid), (200, server.pid()));
    assert!(server.stderr().is_empty(), "it takes no notice of them");
    Ok(())
}
