use unblocked::lab::{Error, Listing};

/// Longer than any hang guard.
const FOR_EVER_MS: u64 = 600_000;

/// Further than any test lives.
const FOR_EVER: u64 = 1_000_000_000_000_000;

#[test]
fn a_child_that_counts_looks_at_no_clock() -> Result<(), Error> {
    let listing = Listing::new("fork").block_ms(FOR_EVER_MS).count(1000);
    let answer = listing.start()?.send("/block-server")?.answer()?;
    assert_eq!(answer.body, "End wait Blocked Request!\n");
    Ok(())
}

#[test]
fn a_child_counts_as_far_as_it_is_told() -> Result<(), Error> {
    let server = Listing::new("fork").block_ms(0).count(FOR_EVER).start()?;
    let slow = server.send("/block-server")?;
    for _ in 0..20 {
        assert_eq!(server.send("/fast-one")?.answer()?.status, 200);
    }
    assert!(!slow.is_answered(), "no clock ends it");
    assert_eq!(server.children()?.len(), 1);
    Ok(())
}

#[test]
fn an_answer_that_must_not_be_stored_says_so() -> Result<(), Error> {
    for (stage, header) in [("fork", None), ("fork_no_store", Some("no-store"))]
    {
        let server = Listing::new("fork").stage(stage).block_ms(10).start()?;
        for path in ["/block-server", "/fast-one", "/no-such-route"] {
            let answer = server.send(path)?.answer()?;
            assert_eq!(answer.header("cache-control"), header, "{path}");
        }
    }
    Ok(())
}

#[test]
fn a_stage_that_is_started_badly_says_its_own_name() {
    for (listing, stage) in
        [("blocked", "blocked_multi_thread"), ("fork", "fork_no_store")]
    {
        let listing = Listing::new(listing).stage(stage).env("PORT", "x");
        let Err(Error::Exited { status, stderr, .. }) = listing.start() else {
            panic!("{stage} did not end by itself");
        };
        assert_eq!(status.code(), Some(1));
        assert!(stderr.starts_with(&format!("{stage}: PORT=x")), "{stderr}");
    }
}
