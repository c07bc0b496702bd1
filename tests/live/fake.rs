use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::running::lab;

/// Never answers `/never`, hangs up on `/hang-up`, and tells in `served-by`
/// how many requests it has read on the connection.
const SERVER: &str = r#"
use std::io::{BufRead, BufReader, Write};
use std::{net, process, thread, time};

fn main() {
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    println!("Server running at http://{}/", listener.local_addr().unwrap());
    for stream in listener.incoming() {
        thread::spawn(move || serve(stream.unwrap()));
    }
}

fn serve(mut stream: net::TcpStream) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    for number in 1.. {
        let Some(Ok(first)) = lines.next() else { return };
        while lines.next().unwrap().unwrap() != "" {}
        if first.contains("/never") {
            thread::sleep(time::Duration::MAX);
        }
        if first.contains("/hang-up") {
            eprintln!("the fake hangs up");
            return;
        }
        let served = format!("{}/{number}", process::id());
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n";
        let answer = format!("{head}served-by: {served}\r\n\r\n");
        stream.write_all(answer.as_bytes()).unwrap();
    }
}
"#;

/// A folder of listings with one in it, `fake`, and its stage `fake_too`.
pub struct Fake(TempDir);

impl Fake {
    pub fn new() -> Self {
        let fake = Fake(tempfile::tempdir().expect("a temporary folder"));
        fake.write("src/main.rs", SERVER);
        fake.write("src/bin/fake_too.rs", SERVER);
        let manifest = "[package]\nname = \"fake\"\nedition = \"2024\"\n";
        fake.write("Cargo.toml", manifest);
        fake
    }

    pub fn write(&self, file: &str, text: &str) {
        let path = self.path().join("fake").join(file);
        fs::create_dir_all(path.parent().expect("a folder"))
            .and_then(|()| fs::write(path, text))
            .expect("it can be written");
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// `unblocked lab` that knows this folder only.
    pub fn lab(&self, words: &str) -> Command {
        let mut command = lab(words);
        command.env("UNBLOCKED_LISTINGS", self.path());
        command.env("CARGO_TARGET_DIR", self.path().join("target"));
        command
    }
}
