use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
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
pub fn book() -> TempDir {
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

/// Saves as careful editors do: the whole new file takes the old one's name.
pub fn save(book: &TempDir, path: &str, text: &str) {
    let scratch = book.path().join("scratch");
    fs::write(&scratch, text).expect("it can be written");
    fs::rename(scratch, book.path().join(path)).expect("its folder is there");
}

pub fn unblocked(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_unblocked"));
    command.args(arguments).current_dir(root).process_group(0);
    command
}

pub fn run(root: &Path, arguments: &[&str]) -> Output {
    unblocked(root, arguments).output().expect("it starts")
}

/// A server that is killed with all that it started.
pub struct Serving {
    pub child: Child,
    pub address: SocketAddr,
    errors: Receiver<String>,
}

impl Serving {
    pub fn start(root: &Path) -> Self {
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
    pub fn get_from(&self, host: &str, path: &str) -> (u16, String) {
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

    pub fn get(&self, path: &str) -> (u16, String) {
        self.get_from(&self.address.to_string(), path)
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("it listens");
        stream.set_read_timeout(Some(HANG)).expect("a time that is not 0");
        stream
    }

    /// Listens for news, as a page does that says this of itself.
    pub fn listen(&self, query: &str) -> Page {
        let mut stream = self.connect();
        let request = format!(
            "GET /__livereload{query} HTTP/1.1\r\nhost: {}\r\n\
             connection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            self.address,
        );
        stream.write_all(request.as_bytes()).expect("it listens");
        let mut page = Page(BufReader::new(stream));
        let mut line = String::new();
        page.0.read_line(&mut line).expect("it answers");
        assert!(line.contains("101"), "{line}");
        while line != "\r\n" {
            line.clear();
            page.0.read_line(&mut line).expect("the head goes on");
        }
        page
    }

    #[track_caller]
    pub fn wait_for(&self, path: &str, word: &str) {
        let start = Instant::now();
        while !self.get(path).1.contains(word) {
            assert!(start.elapsed() < HANG, "no {word} on {path}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    #[track_caller]
    pub fn wait_for_error(&self, words: &str) {
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

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).expect("it runs");
    }
}

/// The websocket of a page that is open.
pub struct Page(BufReader<TcpStream>);

impl Page {
    /// Waits until the server says that there is a new book.
    #[track_caller]
    pub fn hears_of_it(&mut self) {
        let mut frame = [0; 8];
        self.0.read_exact(&mut frame).expect("it is told");
        assert_eq!(&frame[2..], b"reload");
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let group = Pid::from_raw(self.child.id() as i32);
        let _ = killpg(group, Signal::SIGKILL);
        let _ = self.child.wait();
    }
}

pub fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}
