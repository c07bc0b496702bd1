use std::thread;

use unblocked::lab::{Error, Listing};

#[test]
fn two_requests_at_once_do_not_share_a_start() -> Result<(), Error> {
    let server = Listing::new("fork").block_ms(300).start()?;
    let kept = [server.connect()?, server.connect()?];
    for _ in 0..5 {
        let [one, other] = thread::scope(|scope| {
            let both = kept.each_ref().map(|connection| {
                scope.spawn(|| connection.send("/block-server")?.answer())
            });
            both.map(|sent| sent.join().expect("no panic"))
        });
        let (one, other) = (one?.started_at, other?.started_at);
        assert!(one.is_some() && other.is_some(), "both have one");
        assert_ne!(one, other, "each its own");
    }
    Ok(())
}
