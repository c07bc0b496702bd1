//! The command `unblocked`, on a small book in a temporary folder.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use tempfile::TempDir;

/// It measures nothing: who waits longer than this waits for ever.
const HANG: Duration = Duration::from_secs(60);

/// A book of one chapter, which includes a file.
fn book() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder"))
            .and_then(|()| fs::write(path, text))
            .expect("the book can be written");
    };
    write("book.toml", "[book]\nsrc = \"book\"\ntitle = \"A small book\"\n");
    write("book/SUMMARY.md", "- [One](one.md)\n");
    write("book/one.md", "# One\n\n```text\n{{#include word.txt:it}}\n```\n");
    write("book/word.txt", "ANCHOR: it\nfirst word\nANCHOR_END: it\n");
    folder
}

fn unblocked(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_unblocked"));
    command.args(arguments).current_dir(root).process_group(0);
    command
}

fn run(root: &Path, arguments: &[&str]) -> Output {
    unblocked(root, arguments).output().expect("it starts")
}

/// A server that is killed with all that it started.
struct Serving {
    child: Child,
    address: SocketAddr,
    errors: Receiver<String>,
}

impl Serving {
    fn start(root: &Path) -> Self {
        let mut child = unblocked(root, &["--port", "0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let (sender, errors) = channel();
        let stderr = child.stderr.take().expect("it is piped");
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut serving = Serving { child, address, errors };
        let stdout = serving.child.stdout.take().expect("it is piped");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("it says so");
        let url = line.trim().strip_prefix("Serving the book at http://");
        serving.address = url
            .and_then(|url| url.trim_end_matches('/').parse().ok())
            .unwrap_or_else(|| panic!("no address in {line:?}"));
        serving
    }

    /// The status and the whole answer.
    fn get_from(&self, host: &str, path: &str) -> (u16, String) {
        let mut stream = self.connect();
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).expect("it listens");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("it answers");
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).and_then(|s| s.parse().ok());
        (status.expect("a status line"), answer)
    }

    fn get(&self, path: &str) -> (u16, String) {
        self.get_from(&self.address.to_string(), path)
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("it listens");
        stream.set_read_timeout(Some(HANG)).expect("a time that is not 0");
        stream
    }

    #[track_caller]
    fn wait_for(&self, path: &str, word: &str) {
        let start = Instant::now();
        while !self.get(path).1.contains(word) {
            assert!(start.elapsed() < HANG, "no {word} on {path}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    #[track_caller]
    fn wait_for_error(&self, words: &str) {
        let start = Instant::now();
        loop {
            let left = HANG.saturating_sub(start.elapsed());
            let line = self.errors.recv_timeout(left);
            if line
                .unwrap_or_else(|_| panic!("no error: {words}"))
                .contains(words)
            {
                return;
            }
        }
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).expect("it runs");
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let group = Pid::from_raw(self.child.id() as i32);
        let _ = killpg(group, Signal::SIGKILL);
        let _ = self.child.wait();
    }
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_book_is_served_and_a_lost_reader_gets_its_404() {
    let book = book();
    let serving = Serving::start(book.path());
    let (status, page) = serving.get("/");
    assert_eq!(status, 200);
    assert!(page.contains("first word"), "{page}");
    assert!(page.contains("A small book"), "{page}");
    let (status, page) = serving.get("/two.html");
    assert_eq!(status, 404);
    assert!(page.contains("A small book"), "a page of the book: {page}");
}

#[test]
fn a_page_of_another_host_can_not_read_the_book() {
    let book = book();
    let serving = Serving::start(book.path());
    let port = serving.address.port();
    for (host, wanted) in [
        ("example.com".to_owned(), 421),
        (format!("example.com:{port}"), 421),
        ("127.0.0.1".to_owned(), 421),
        (format!("localhost:{port}"), 200),
        (format!("127.0.0.1:{port}"), 200),
    ] {
        assert_eq!(serving.get_from(&host, "/").0, wanted, "{host}");
        let live = serving.get_from(&host, "/__livereload").0;
        assert_eq!(live == 421, wanted == 421, "{host}: {live}");
    }
}

#[test]
fn a_saved_chapter_is_shown_and_open_pages_hear_of_it() {
    let book = book();
    let serving = Serving::start(book.path());
    let mut page = serving.connect();
    let request = format!(
        "GET /__livereload HTTP/1.1\r\nhost: {}\r\nconnection: upgrade\r\n\
         upgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        serving.address,
    );
    page.write_all(request.as_bytes()).expect("it listens");
    let mut page = BufReader::new(page);
    let mut line = String::new();
    page.read_line(&mut line).expect("it answers");
    assert!(line.contains("101"), "{line}");
    while line != "\r\n" {
        line.clear();
        page.read_line(&mut line).expect("the head goes on");
    }

    let text = "ANCHOR: it\nsecond word\nANCHOR_END: it\n";
    fs::write(book.path().join("book/word.txt"), text).expect("it is there");
    let mut frame = [0; 8];
    page.read_exact(&mut frame).expect("it is told");
    assert_eq!(&frame[2..], b"reload");
    assert!(serving.get("/one.html").1.contains("second word"), "by then");
}

#[test]
fn a_broken_include_is_named_and_the_last_good_page_stays() {
    let book = book();
    let serving = Serving::start(book.path());
    let chapter = book.path().join("book/one.md");
    let good = fs::read_to_string(&chapter).expect("it is there");

    fs::write(&chapter, good.replace(":it", ":that"))
        .expect("it can be written");
    serving.wait_for_error("book/one.md:4: book/word.txt: there is no anchor");
    assert!(serving.get("/one.html").1.contains("first word"));

    fs::write(&chapter, good.replace("# One", "# Mended")).expect("again");
    serving.wait_for("/one.html", "Mended");
}

#[test]
fn a_book_that_is_broken_from_the_start_is_not_served() {
    let book = book();
    fs::remove_file(book.path().join("book/word.txt")).expect("it is there");
    let output = run(book.path(), &["serve", "--port", "0"]);
    let (stdout, stderr) = texts(&output);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout, "");
    assert!(
        stderr.starts_with("book/one.md:4: no file book/word.txt"),
        "{stderr}"
    );
}

#[test]
fn a_taken_port_gets_one_line() {
    let book = book();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("it is bound").port().to_string();
    let output = run(book.path(), &["serve", "--port", &port]);
    let (stdout, stderr) = texts(&output);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout, "");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(
        stderr.contains(&format!("127.0.0.1:{port}, try --port 0")),
        "{stderr}"
    );
    for bad in ["70000", "-1", "abc"] {
        let output = run(book.path(), &["serve", &format!("--port={bad}")]);
        assert_eq!(output.status.code(), Some(2), "{bad}");
    }
}

#[test]
fn it_ends_when_asked_and_leaves_no_pages_behind() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let book = book();
        let mut serving = Serving::start(book.path());
        let built = book.path().join("target/book-serve");
        assert_eq!(fs::read_dir(&built).expect("it is there").count(), 1);
        serving.signal(signal);
        let status = serving.child.wait().expect("it is ours");
        assert_eq!(status.code(), Some(0), "{signal}");
        assert_eq!(fs::read_dir(&built).expect("it stays").count(), 0);
    }
}

#[test]
fn the_check_names_each_problem_and_fails() {
    let book = book();
    let output = run(book.path(), &["check"]);
    let (stdout, stderr) = texts(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout.contains("includes and anchors: ok"), "{stdout}");
    assert!(stdout.contains("book.toml: no"), "{stdout}");
    assert!(
        stderr.contains("book.toml: build.build-dir is nothing"),
        "{stderr}"
    );
    assert!(stderr.trim_end().ends_with("problems"), "{stderr}");
}

#[test]
fn the_help_shows_how_to_start() {
    let book = book();
    let output = run(book.path(), &["--help"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(texts(&output).0.contains("cargo run -- check"));
}
