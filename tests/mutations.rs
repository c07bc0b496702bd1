//! A listing whose fix is undone fails its chapter.
//!
//! Each test copies a listing to a temporary folder, where it stands alone,
//! and lets experiments of its chapter run against the copy: they pass. Then
//! it undoes what the chapter is about, and expects that the same experiments
//! fail in the words of the claim.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;
use std::{env, io};

use escargot::CargoBuild;
use escargot::format::Message;
use nix::fcntl::{Flock, FlockArg};
use tempfile::TempDir;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn a_block_on_another_thread_freezes_nobody() {
    let listing = Alone::new("blocked");
    let experiments = "blocked_sect_the_claim_as_a_program";
    listing.passes(experiments);
    listing.replace(
        "            wait(block);",
        "            let wait = move || wait(block);
            let _ = tokio::task::spawn_blocking(wait).await;",
    );
    listing.fails(
        experiments,
        &[
            "the fast one waits",
            "it waits here as well",
            "none of the ten overtakes the slow one",
        ],
    );
}

#[test]
fn a_parent_that_waits_in_place_for_its_child_freezes() {
    let listing = Alone::new("fork");
    let experiments = "fork_sect_simulate_2_clients";
    listing.passes(experiments);
    listing.replace(
        "    let mut said = String::new();",
        "    {
        let ours = channel.get_ref().as_fd();
        let _ = poll(
            &mut [PollFd::new(ours, PollFlags::POLLIN)],
            PollTimeout::NONE,
        );
    }
    let mut said = String::new();",
    );
    // It would answer the others while it awaits the child's end.
    listing.replace(
        "    let end = child.wait().await?; // Reaps it.",
        "    let end = loop {
        if let Some(end) = child.try_wait()? {
            break end;
        }
    };",
    );
    listing.fails(experiments, &["the fast one is first"]);
}

#[test]
fn a_cluster_in_which_one_worker_serves_freezes() {
    let listing = Alone::new("cluster");
    let experiments = "cluster_sect_primary_and_workers";
    listing.passes(experiments);
    // The first worker has no older siblings.
    listing.replace(
        "                let alive = getppid() == primary;",
        r#"                let alive = getppid() == primary;
                if !workers.is_empty() {
                    let url = format!("http://{}/", listener.local_addr()?);
                    println!("Server running at {url} Worker {}", getpid());
                    while alive {
                        thread::park();
                    }
                }"#,
    );
    listing.fails(experiments, &["the fast one is first"]);
}

#[test]
fn a_count_on_the_thread_that_serves_freezes() {
    let listing = Alone::new("workers");
    let experiments = "workers_sect_threads_and_processes";
    listing.passes(experiments);
    // A scope runs its closure on the thread that calls it.
    listing.replace(
        r#"    thread::Builder::new().name("worker".into()).spawn(move || {"#,
        "    post.send(\"start!\")?;\n    thread::scope(|_| {",
    );
    listing.replace("    })?;\n    post.send(\"start!\")?;", "    });");
    listing.fails(experiments, &["the fast one is first"]);
}

#[test]
fn every_listing_is_put_to_this_test() -> io::Result<()> {
    let here = fs::read_to_string(Path::new(ROOT).join(file!()))?;
    for entry in fs::read_dir(Path::new(ROOT).join("listings"))? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            let name = entry.file_name().into_string().expect("UTF-8");
            let test = format!("Alone::new({name:?})");
            assert!(here.contains(&test), "no mutation of listings/{name}");
        }
    }
    Ok(())
}

/// A copy of one listing, in a folder that no workspace contains.
struct Alone {
    name: &'static str,
    folder: TempDir,
    /// Cargo puts the programs of all copies of a listing at the same place,
    /// so there must be one copy at a time, also if two people test at once.
    _only_one: Flock<File>,
}

impl Alone {
    #[track_caller]
    fn new(name: &'static str) -> Self {
        let folder = TempDir::with_prefix("unblocked-").expect("a folder");
        let root = Path::new(ROOT);
        let copy = folder.path().join(name);
        copy_all(&root.join("listings").join(name), &copy).expect("a listing");
        // What is tested here and what is built there must be the same.
        fs::copy(root.join("Cargo.lock"), copy.join("Cargo.lock"))
            .expect("the workspace has one");

        fs::create_dir_all(target_dir()).expect("a folder");
        let lock = File::create(target_dir().join(format!("{name}.lock")));
        let lock = lock.expect("a file");
        let lock = Flock::lock(lock, FlockArg::LockExclusive);
        let _only_one = lock.map_err(|(_, error)| error).expect("a lock");
        Alone { name, folder, _only_one }
    }

    /// Changes the program at one place.
    #[track_caller]
    fn replace(&self, old: &str, new: &str) {
        let program = self.folder.path().join(self.name).join("src/main.rs");
        let text = fs::read_to_string(&program).expect("the listing");
        let places = text.matches(old).count();
        assert_eq!(places, 1, "times that {} has:\n{old}", self.name);
        fs::write(program, text.replace(old, new)).expect("it is a copy");
    }

    #[track_caller]
    fn passes(&self, experiments: &str) {
        let (passed, output) = self.run(experiments);
        assert!(passed, "{} alone:\n{output}", self.name);
        let none = output.contains("running 0 tests");
        assert!(!none, "the book has no {experiments}");
    }

    #[track_caller]
    fn fails(&self, experiments: &str, claims: &[&str]) {
        let (passed, output) = self.run(experiments);
        assert!(!passed, "{experiments} passed all the same");
        for claim in claims {
            // A panic ends a line with the words of its `assert!`.
            let claim = format!("{claim}\n");
            assert!(output.contains(&claim), "not with {claim}but:\n{output}");
        }
    }

    fn run(&self, experiments: &str) -> (bool, String) {
        let mut book = Command::new(&*BOOK);
        let book = book.arg(experiments);
        let book = book.env("UNBLOCKED_LISTINGS", self.folder.path());
        let run = in_target_dir(book).output();
        let Output { status, stdout, stderr } = run.expect("it was built");
        let text = String::from_utf8_lossy(&stdout).into_owned();
        (status.success(), text + &String::from_utf8_lossy(&stderr))
    }
}

impl Drop for Alone {
    /// What cargo has built of a copy is of no use to the next copy.
    fn drop(&mut self) {
        let mut clean = Command::new(env!("CARGO"));
        let clean = clean.args(["clean", "--quiet", "--package", self.name]);
        let clean = clean.current_dir(self.folder.path().join(self.name));
        if let Err(error) = in_target_dir(clean).status() {
            eprintln!("something is left in target/alone: {error}");
        }
    }
}

/// The test binary of the chapters.
static BOOK: LazyLock<PathBuf> = LazyLock::new(|| {
    let manifest = Path::new(ROOT).join("Cargo.toml");
    let build = CargoBuild::new().manifest_path(manifest).test("book").exec();
    let executable = build.expect("cargo can be started").find_map(|message| {
        let message = message.expect("the book's tests compile");
        match message.decode().expect("cargo's own words") {
            Message::CompilerArtifact(made)
                if made.profile.test && made.target.name == "book" =>
            {
                Some(made.executable?.into_owned())
            }
            _ => None,
        }
    });
    executable.expect("the package has a test named book")
});

/// Where the copies are built: apart from the workspace, and kept, so that
/// only the first run compiles what they depend on.
fn target_dir() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("alone")
}

/// The environment in which a command or its children call cargo.
fn in_target_dir(command: &mut Command) -> &mut Command {
    command
        .env("CARGO_TARGET_DIR", target_dir())
        // Nobody will debug them.
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_INCREMENTAL", "0")
}

fn copy_all(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            copy_all(&from, &to)?;
        } else {
            fs::copy(from, to)?;
        }
    }
    Ok(())
}
