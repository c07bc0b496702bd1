use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use unblocked::lab::{Error, HANG, Listing, Server};

use crate::support::{open_fds, say};

const LISTINGS: [&str; 4] = ["blocked", "fork", "cluster", "workers"];

/// A listing, with a block so short that nobody waits for it.
fn start(name: &str) -> Result<Server, Error> {
    Listing::new(name).block_ms(1).count(1).start()
}

/// The route that has nothing to compute, and its answer.
fn fast(name: &str) -> (&'static str, &'static str) {
    match name {
        "workers" => ("/fast", "This was fast!"),
        _ => ("/fast-one", "I am unblocked now!\n"),
    }
}

/// The route that keeps a CPU busy, and its answer with this `start`.
fn slow(name: &str) -> (&'static str, &'static str) {
    match name {
        "workers" => ("/", "1"),
        "fork" => ("/block-server", "End wait Blocked Request!\n"),
        _ => ("/block-server", "Blocked Request!\n"),
    }
}

/// How many descriptors are open in it and in all its workers, whoever of
/// them accepts.
fn held(server: &Server) -> Result<usize, Error> {
    let processes = server.processes()?;
    Ok(processes.iter().map(|one| open_fds(one.pid)).sum())
}

#[test]
fn an_unknown_route_is_not_found_and_the_connection_goes_on()
-> Result<(), Error> {
    for name in LISTINGS {
        let server = start(name)?;
        let kept = server.connect()?;
        for path in ["/no-such-route", "/fast-one/", "//", "/FAST", "/?x"] {
            if name == "workers" && path == "/?x" {
                continue; // A query leaves the path as it is.
            }
            for pending in [server.send(path)?, kept.send(path)?] {
                let answer = pending.answer()?;
                assert_eq!(answer.status, 404, "{name} {path}");
                assert_eq!(answer.body, "No such route.\n", "{name} {path}");
                assert_ne!(answer.pid, 0, "{name} says who answered");
            }
        }
        let answer = kept.send(fast(name).0)?.answer()?;
        assert_eq!(answer.status, 200, "{name} on the same connection");
    }
    Ok(())
}

#[test]
fn a_query_makes_no_other_route() -> Result<(), Error> {
    for name in LISTINGS {
        let server = start(name)?;
        for (path, body) in [fast(name), slow(name)] {
            let answer = server.enqueue(&format!("{path}?a=b/c"))?.answer()?;
            assert_eq!((answer.status, &*answer.body), (200, body), "{name}");
        }
    }
    Ok(())
}

#[test]
fn head_has_the_headers_of_get_and_no_body() -> Result<(), Error> {
    for name in LISTINGS {
        let server = start(name)?;
        let kept = server.connect()?;
        for (path, body) in [fast(name), slow(name)] {
            let length = body.len().to_string();
            let fresh = server.send_method("HEAD", path)?;
            for pending in [fresh, kept.send_method("HEAD", path)?] {
                let answer = pending.answer()?;
                assert_eq!((answer.status, &*answer.body), (200, ""), "{name}");
                let said = answer.header("content-length");
                assert_eq!(said, Some(&*length), "{name} {path}");
                assert_eq!(answer.header("content-type"), Some("text/plain"));
            }
        }
        let answer = kept.send(fast(name).0)?.answer()?;
        assert_eq!(answer.body, fast(name).1, "{name} after all that");
    }
    Ok(())
}

#[test]
fn post_answers_as_get_does() -> Result<(), Error> {
    for name in LISTINGS {
        let server = start(name)?;
        for (path, body) in [fast(name), slow(name)] {
            let answer = server.send_method("POST", path)?.answer()?;
            assert_eq!((answer.status, &*answer.body), (200, body), "{name}");
            // With a body, which nobody reads.
            let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\n");
            let rest = "connection: close\r\ncontent-length: 4\r\n\r\nbody";
            let heard = say(server.address(), (head + rest).as_bytes());
            assert!(heard.starts_with("HTTP/1.1 200 "), "{name}: {heard}");
            assert!(heard.ends_with(body), "{name}: {heard}");
        }
    }
    Ok(())
}

#[test]
fn what_is_not_http_ends_the_connection_and_not_the_server() -> Result<(), Error>
{
    for name in LISTINGS {
        let server = start(name)?;
        for garbage in [
            b"garbage\r\n\r\n".as_slice(),
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
            b"\x00\x00\x00\x00\r\n\r\n",
        ] {
            // It returns only when the server hangs up.
            let heard = say(server.address(), garbage);
            let refused = heard.starts_with("HTTP/1.1 400 ");
            assert!(heard.is_empty() || refused, "{name}: {heard}");
            let next = server.send(fast(name).0)?.answer()?;
            assert_eq!(next.status, 200, "{name} goes on");
        }
        assert_eq!(server.stderr(), [""; 0], "{name}");
    }
    Ok(())
}

#[test]
fn a_request_that_breaks_off_ends_its_connection_and_not_the_server()
-> Result<(), Error> {
    for name in LISTINGS {
        let server = start(name)?;
        let before = held(&server)?;
        let head = format!("GET {} HTTP/1.1\r\nhost: x\r\n", fast(name).0);
        for part in ["", "G", &head[..6], &head[..head.len() - 5], &head] {
            let heard = break_off(server.address(), part);
            let refused = heard.starts_with("HTTP/1.1 400 ");
            assert!(heard.is_empty() || refused, "{name}: {part} {heard}");
            // And one that leaves without waiting for anything.
            let gone = TcpStream::connect(server.address());
            let mut gone = gone.expect("it listens");
            gone.write_all(part.as_bytes()).expect("it listens");
            drop(gone);
            let next = server.send(fast(name).0)?.answer()?;
            assert_eq!(next.status, 200, "{name} goes on");
        }
        server.wait_until("all of them are let go", || {
            Ok(held(&server)? == before)
        })?;
        assert_eq!(server.stderr(), [""; 0], "{name}");
    }
    Ok(())
}

/// Says no more than this, and reads until the server hangs up.
#[track_caller]
fn break_off(to: SocketAddr, part: &str) -> String {
    let mut stream = TcpStream::connect(to).expect("it listens");
    stream.set_read_timeout(Some(HANG)).expect("not zero");
    stream.write_all(part.as_bytes()).expect("it listens");
    stream.shutdown(Shutdown::Write).expect("it is open");
    let mut heard = String::new();
    stream.read_to_string(&mut heard).expect("it hangs up");
    heard
}

#[test]
fn blocked_closes_what_a_thousand_clients_have_left() -> Result<(), Error> {
    a_thousand_clients("blocked")
}

#[test]
fn fork_closes_what_a_thousand_clients_have_left() -> Result<(), Error> {
    a_thousand_clients("fork")
}

#[test]
fn cluster_closes_what_a_thousand_clients_have_left() -> Result<(), Error> {
    a_thousand_clients("cluster")
}

#[test]
fn workers_closes_what_a_thousand_clients_have_left() -> Result<(), Error> {
    a_thousand_clients("workers")
}

/// Opens a thousand connections, a crowd at a time, and asserts that each
/// crowd costs a descriptor per client and leaves none behind.
#[track_caller]
fn a_thousand_clients(name: &str) -> Result<(), Error> {
    /// Fewer than the shortest backlog, 128: nobody's SYN is dropped, which
    /// would cost a second.
    const CROWD: usize = 100;

    let server = start(name)?;
    let baseline = held(&server)?;
    for _ in 0..10 {
        let clients: Result<Vec<TcpStream>, _> =
            (0..CROWD).map(|_| TcpStream::connect(server.address())).collect();
        let clients = clients.expect("it listens");
        server.wait_until("all of them are accepted", || {
            Ok(held(&server)? == baseline + CROWD)
        })?;
        drop(clients);
        server.wait_until("all of them are let go", || {
            Ok(held(&server)? == baseline)
        })?;
    }
    assert_eq!(server.send(fast(name).0)?.answer()?.status, 200);
    Ok(())
}
