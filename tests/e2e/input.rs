use std::ffi::OsString;
use std::net::TcpListener;
use std::os::unix::ffi::OsStringExt;
use std::process::Command;

use unblocked::lab::{Error, Listing};

use crate::support::{Program, program};

const LISTINGS: [&str; 4] = ["blocked", "fork", "cluster", "workers"];

/// Those that keep a CPU busy for a while, and not up to a number.
const BY_TIME: [&str; 3] = ["blocked", "fork", "cluster"];

/// Those with a bound.
const BOUNDED: [&str; 2] = ["fork", "workers"];

/// Those that count if they are told how far.
const COUNTING: [&str; 2] = ["fork", "workers"];

/// All that a listing reads: what is set here may come from nowhere else.
const VARIABLES: [&str; 5] =
    ["PORT", "BLOCK_MS", "COUNT", "WORKERS", "MAX_AT_ONCE"];

/// Asserts that the listing refuses to start with this value and says, in
/// one line and nowhere else, which variable is wrong and what could be set
/// instead; and that the lab reports the same.
#[track_caller]
fn refuses(
    listing: &str,
    variable: &str,
    value: impl Into<OsString>,
) -> Result<(), Error> {
    let value = value.into();
    let case = format!("{listing} with {variable}={}", value.display());
    let mut command = Command::new(program(listing));
    for name in VARIABLES {
        command.env_remove(name);
    }
    command.env("PORT", "0").env(variable, &value);
    let end = Program::start(&mut command).end();
    let stderr = end.stderr.trim_end();
    assert_eq!(end.status.code(), Some(1), "{case}: {stderr}");
    assert_eq!(end.stdout, [""; 0], "{case} claims to run");
    assert_eq!(stderr.lines().count(), 1, "{case}: {stderr}");
    let name = format!("{listing}: {variable}=");
    assert!(stderr.starts_with(&name), "{case}: {stderr}");
    let advice = format!("; try {variable}=");
    let good = stderr.split_once(&advice).expect("an advice").1;
    assert!(good.parse::<u64>().is_ok(), "{case}: {stderr}");

    match Listing::new(listing).env(variable, value).start() {
        Err(Error::Exited { status, stderr: said, .. }) => {
            assert_eq!((status, &*said), (end.status, stderr), "{case}");
            Ok(())
        }
        Err(error) => Err(error),
        Ok(_) => panic!("{case} has started"),
    }
}

#[test]
fn a_taken_port_is_refused() -> Result<(), Error> {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("it is bound").port();
    for listing in LISTINGS {
        refuses(listing, "PORT", port.to_string())?;
    }
    Ok(())
}

#[test]
fn a_port_that_is_no_port_is_refused() -> Result<(), Error> {
    for listing in LISTINGS {
        for port in ["abc", "70000", "-1", "", " 3001", "3001 "] {
            refuses(listing, "PORT", port)?;
        }
    }
    Ok(())
}

#[test]
fn a_block_that_is_no_time_is_refused() -> Result<(), Error> {
    for listing in BY_TIME {
        for time in ["-1", "1.5", "5s", "18446744073709551616"] {
            refuses(listing, "BLOCK_MS", time)?;
        }
    }
    Ok(())
}

#[test]
fn a_cluster_without_workers_is_refused() -> Result<(), Error> {
    for workers in ["0", "-1", "two", "70000"] {
        refuses("cluster", "WORKERS", workers)?;
    }
    Ok(())
}

#[test]
fn a_bound_that_lets_nobody_in_is_refused() -> Result<(), Error> {
    for listing in BOUNDED {
        for most in ["0", "-1", "many", "70000"] {
            refuses(listing, "MAX_AT_ONCE", most)?;
        }
    }
    Ok(())
}

#[test]
fn a_count_that_is_no_number_is_refused() -> Result<(), Error> {
    for listing in COUNTING {
        for count in ["x", "-1", "1e9"] {
            refuses(listing, "COUNT", count)?;
        }
    }
    Ok(())
}

#[test]
fn a_value_that_is_no_text_is_refused() -> Result<(), Error> {
    let bytes = || OsString::from_vec(vec![b'1', 0xff]);
    for listing in LISTINGS {
        refuses(listing, "PORT", bytes())?;
    }
    for listing in BY_TIME {
        refuses(listing, "BLOCK_MS", bytes())?;
    }
    for listing in BOUNDED {
        refuses(listing, "MAX_AT_ONCE", bytes())?;
    }
    for listing in COUNTING {
        refuses(listing, "COUNT", bytes())?;
    }
    refuses("cluster", "WORKERS", bytes())
}

#[test]
fn the_largest_and_the_smallest_values_are_fine() -> Result<(), Error> {
    let most = u64::MAX.to_string();
    for (listing, variable, value) in [
        ("blocked", "BLOCK_MS", "0"),
        ("blocked", "BLOCK_MS", &most),
        ("cluster", "WORKERS", "1"),
        ("fork", "MAX_AT_ONCE", "1"),
        ("fork", "MAX_AT_ONCE", "65535"),
        ("workers", "COUNT", "0"),
        ("workers", "COUNT", &most),
    ] {
        let server = Listing::new(listing).env(variable, value).start()?;
        assert_eq!(server.stderr(), [""; 0], "{variable}={value}");
    }
    Ok(())
}
