//! The command `unblocked`, on a small book in a temporary folder.

mod serving; // Such a book, and a server of it that never outlives its test.

use std::fs;
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;
use serving::{Serving, book, run, save, texts};

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
fn a_saved_file_is_shown_and_open_pages_hear_of_it() {
    let book = book();
    let serving = Serving::start(book.path());
    let mut page = serving.listen("");

    let text = "ANCHOR: it\nsecond word\nANCHOR_END: it\n";
    fs::write(book.path().join("book/word.txt"), text).expect("it is there");
    page.hears_of_it();
    serving.wait_for("/one.html", "second word");

    let mut page = serving.listen("");
    save(&book, "book/one.md", "# Renamed\n\n{{#include word.txt:it}}\n");
    page.hears_of_it();
    assert!(serving.get("/one.html").1.contains("Renamed"), "by then");

    // Twice, since the second save replaces a file that was not there first.
    for title in ["Its title", "Another title"] {
        let mut page = serving.listen("");
        let settings = format!("[book]\nsrc = \"book\"\ntitle = \"{title}\"");
        save(&book, "book.toml", &settings);
        page.hears_of_it();
        assert!(serving.get("/").1.contains(title), "{title}");
    }
}

#[test]
fn a_page_that_is_old_already_hears_of_it_at_once() {
    let book = book();
    let serving = Serving::start(book.path());
    assert!(serving.get("/").1.contains("\"__livereload?1\""), "its build");
    serving.listen("?0").hears_of_it();
}

/// Builds read the chapters: once that was taken for a change, and one build
/// followed the other for ever.
#[test]
fn who_only_reads_causes_no_build() {
    let book = book();
    let serving = Serving::start(book.path());
    for _ in 0..20 {
        fs::read(book.path().join("book/one.md")).expect("it is there");
        serving.get("/one.html");
        thread::sleep(Duration::from_millis(20));
    }
    let text = "# A save\n\n{{#include word.txt:it}}\n";
    save(&book, "book/one.md", text);
    serving.wait_for("/one.html", "A save");
    let page = serving.get("/one.html").1;
    assert!(page.contains("\"__livereload?2\""), "the second build: {page}");
}

#[test]
fn a_page_is_never_taken_from_a_cache() {
    let book = book();
    let serving = Serving::start(book.path());
    let (_, page) = serving.get("/one.html");
    assert!(page.contains("cache-control: no-store"), "{page}");
}

#[test]
fn a_name_that_no_file_can_have_is_not_found() {
    let book = book();
    let serving = Serving::start(book.path());
    let long = format!("/{}", "a".repeat(300));
    for path in ["/%00", "/one.html/", "/..%2f..%2fbook.toml", &long] {
        assert_eq!(serving.get(path).0, 404, "{path}");
    }
}

#[test]
fn a_book_that_can_not_be_built_is_named_and_the_last_good_page_stays() {
    let book = book();
    let serving = Serving::start(book.path());
    save(&book, "book/SUMMARY.md", "- [One](one.md)\n\nstray\n- [x](y.md)\n");
    serving.wait_for_error("cannot build the book in ");
    assert!(serving.get("/one.html").1.contains("first word"));
    save(&book, "book/SUMMARY.md", "- [Mended](one.md)\n");
    serving.wait_for("/one.html", "Mended");
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
    let start = format!("cannot serve on 127.0.0.1:{port}: Address already");
    assert!(stderr.starts_with(&start), "{stderr}");
    let hint = "; choose another with --port, or --port 0\n";
    assert!(stderr.ends_with(hint), "{stderr}");
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
