use std::collections::{BTreeSet, HashMap};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{env, fs};

use escargot::CargoBuild;
use unblocked::lab::HANG;

/// The program of a listing, for a test that must start it by itself.
pub fn program(listing: &str) -> PathBuf {
    static BUILT: LazyLock<Mutex<HashMap<String, PathBuf>>> =
        LazyLock::new(Mutex::default);

    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(program) = built.get(listing) {
        return program.clone();
    }
    // As in the lab: another folder may hold listings that are broken.
    let listings = env::var_os("UNBLOCKED_LISTINGS").map(PathBuf::from);
    let listings = listings.unwrap_or_else(|| {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("listings")
    });
    let manifest = listings.join(listing).join("Cargo.toml");
    let build = CargoBuild::new().manifest_path(manifest).bin(listing).run();
    let program = build.expect("a listing compiles").path().to_owned();
    built.insert(listing.into(), program.clone());
    program
}

/// A process that is killed and reaped when the test lets go of it.
pub struct Guarded(pub Child);

impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A program that a test started by itself, with all that it prints.
pub struct Program {
    child: Guarded,
    lines: Receiver<String>,
    errors: Option<JoinHandle<String>>,
}

/// How a program ended, and what it had to say that nobody had read yet.
#[derive(Debug)]
pub struct End {
    pub status: ExitStatus,
    pub stdout: Vec<String>,
    pub stderr: String,
}

impl Program {
    #[track_caller]
    pub fn start(command: &mut Command) -> Self {
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it can be started");
        let stdout = child.stdout.take().expect("it is a pipe");
        let mut stderr = child.stderr.take().expect("it is a pipe");
        let (said, lines) = channel();
        // Read at once, or a long message would fill the pipe.
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                let _ = said.send(line.expect("it prints UTF-8"));
            }
        });
        let errors = thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).expect("it prints UTF-8");
            text
        });
        Program { child: Guarded(child), lines, errors: Some(errors) }
    }

    pub fn pid(&self) -> u32 {
        self.child.0.id()
    }

    /// The next line of its standard output.
    #[track_caller]
    pub fn line(&self) -> String {
        self.lines.recv_timeout(HANG).expect("it prints a line")
    }

    /// Waits until it has ended by itself.
    #[track_caller]
    pub fn end(&mut self) -> End {
        let child = &mut self.child.0;
        until("its end", || child.try_wait().expect("a child").is_some());
        let errors = self.errors.take().expect("it ends once");
        End {
            status: child.wait().expect("a child"),
            stdout: self.lines.iter().collect(),
            stderr: errors.join().expect("it prints UTF-8"),
        }
    }
}

/// Asks until it is so.
#[track_caller]
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + HANG;
    while !is_so() {
        assert!(Instant::now() < deadline, "waited for {what} in vain");
        thread::sleep(Duration::from_millis(2));
    }
}

/// What the file descriptors of a process refer to, such as `socket:[4711]`.
pub fn open_files(pid: u32) -> BTreeSet<String> {
    let fds = fs::read_dir(format!("/proc/{pid}/fd")).expect("it lives");
    let links = fds.filter_map(|fd| fs::read_link(fd.ok()?.path()).ok());
    links.map(|link| link.to_string_lossy().into_owned()).collect()
}

/// How many of them there are, of a process that may have ended just now.
pub fn open_fds(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count)
}

/// Sends bytes, and reads whatever comes until the server hangs up.
#[track_caller]
pub fn say(to: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(to).expect("it listens");
    stream.set_read_timeout(Some(HANG)).expect("not zero");
    stream.write_all(bytes).expect("it reads");
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).expect("it hangs up");
    String::from_utf8_lossy(&heard).into_owned()
}

/// The whole answer to a GET request, without the lab.
#[track_caller]
pub fn get(from: SocketAddr, path: &str) -> String {
    let head = format!("GET {path} HTTP/1.1\r\nhost: {from}\r\n");
    say(from, (head + "connection: close\r\n\r\n").as_bytes())
}

/// The address in the line that says that a listing is ready.
#[track_caller]
pub fn announced(line: &str) -> SocketAddr {
    let url = line.strip_prefix("Server running at http://");
    let address = url.and_then(|rest| rest.split_once('/'));
    address.expect("a ready line").0.parse().expect("an address")
}

/// Whether the test is to be skipped because Node is missing, which is said
/// loudly. In CI that is a failure: there, Node must be installed.
#[track_caller]
pub fn node_is_missing() -> bool {
    let node = Command::new("node").arg("--version").output();
    if node.is_ok_and(|output| output.status.success()) {
        return false;
    }
    assert!(env::var_os("CI").is_none(), "CI is set, and Node is missing");
    let line = "SKIPPED: there is no `node` on PATH, so nothing was tested";
    // Past the capture of the test harness, which hides what passes.
    let _ = writeln!(std::io::stderr(), "\n{line}\n");
    true
}
