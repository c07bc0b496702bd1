use std::collections::HashMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, Mutex, PoisonError};

use escargot::CargoBuild;

use super::{Error, Server};

/// The variables that a listing reads. Those that an experiment does not set
/// are unset, or the reader's own shell would change its outcome.
const VARIABLES: [&str; 5] =
    ["PORT", "BLOCK_MS", "COUNT", "WORKERS", "MAX_AT_ONCE"];

/// What to start: a listing of the book, its stage, its environment.
#[derive(Clone, Debug)]
pub struct Listing {
    pub(super) name: String,
    binary: String,
    node: bool,
    release: bool,
    /// Started as it is, where a listing is built first.
    program: Option<PathBuf>,
    pub(super) variables: HashMap<String, OsString>,
}

impl Listing {
    /// The listing in `listings/NAME`: its `src/main.rs`, built as
    /// `cargo run` builds it, on a free port.
    pub fn new(name: &str) -> Self {
        let mut listing = Listing {
            name: name.into(),
            binary: name.into(),
            node: false,
            release: false,
            program: None,
            variables: HashMap::new(),
        };
        listing.variables.insert("PORT".into(), "0".into());
        if name == "cluster" {
            // Its own default is the number of cores; an experiment should
            // not depend on the machine.
            listing.variables.insert("WORKERS".into(), "2".into());
        }
        listing
    }

    /// The names of all listings, in alphabetical order.
    ///
    /// # Errors
    ///
    /// When their folder can't be read.
    pub fn all() -> Result<Vec<String>, Error> {
        let all = listings_folder();
        let entries = fs::read_dir(&all)
            .map_err(|source| Error::Read { path: all, source })?;
        let mut names: Vec<String> = entries
            .filter_map(Result::ok)
            .filter(|entry| entry.path().join("Cargo.toml").is_file())
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        Ok(names)
    }

    /// Any program that keeps the listings' contract, on a free port. Of this
    /// process's environment it gets only what it needs to find its files.
    pub fn program(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let name = path.file_stem().unwrap_or_default();
        Listing {
            // No route of it blocks and no line of it says so, as far as the
            // lab knows.
            name: name.to_string_lossy().into_owned(),
            binary: String::new(),
            node: false,
            release: false,
            program: Some(path),
            variables: HashMap::from([("PORT".into(), "0".into())]),
        }
    }

    /// One of the listing's stages, `src/bin/STAGE.rs`, instead.
    pub fn stage(mut self, stage: &str) -> Self {
        self.binary = stage.into();
        self
    }

    /// The same program for Node, `node.js`, instead.
    pub fn node(mut self) -> Self {
        self.node = true;
        self
    }

    /// Builds with optimisations.
    pub fn release(mut self) -> Self {
        self.release = true;
        self
    }

    /// How long the blocking route computes, in milliseconds.
    pub fn block_ms(self, ms: u64) -> Self {
        self.env("BLOCK_MS", ms.to_string())
    }

    /// How far the blocking route counts.
    pub fn count(self, count: u64) -> Self {
        self.env("COUNT", count.to_string())
    }

    /// How many workers the cluster has; 2 unless said.
    pub fn workers(self, workers: usize) -> Self {
        self.env("WORKERS", workers.to_string())
    }

    /// How many children or threads may work at a time.
    pub fn max_at_once(self, most: usize) -> Self {
        self.env("MAX_AT_ONCE", most.to_string())
    }

    /// Any variable of the environment.
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Builds the listing if it must, starts it in a process group of its
    /// own, and waits until it is ready.
    ///
    /// # Errors
    ///
    /// When there is no such listing, it does not compile, it ends instead of
    /// getting ready ([`Error::Exited`]), or it hangs.
    pub fn start(&self) -> Result<Server, Error> {
        Server::start(self)
    }

    /// The command that starts it.
    pub(super) fn command(&self) -> Result<Command, Error> {
        if let Some(program) = &self.program {
            let mut command = bare(program);
            command.envs(&self.variables);
            return Ok(command);
        }
        let folder = self.folder()?;
        let mut command = if self.node {
            let mut command = Command::new("node");
            command.arg("node.js");
            // Its worker file is looked up in the current directory.
            command.current_dir(&folder);
            command
        } else {
            Command::new(self.built(&folder)?)
        };
        for name in VARIABLES {
            command.env_remove(name);
        }
        command.envs(&self.variables);
        Ok(command)
    }

    /// How many lines say that it is ready: a worker each.
    pub(super) fn ready_lines(&self) -> usize {
        if self.program.is_some() {
            return 1;
        }
        let workers = self.variables.get("WORKERS");
        match (self.name.as_str(), workers.and_then(|text| text.to_str())) {
            ("cluster", Some(number)) => number.parse().unwrap_or(1).max(1),
            _ => 1,
        }
    }

    /// The route that keeps a CPU busy.
    pub fn slow_route(&self) -> &'static str {
        if self.name == "workers" { "/" } else { "/block-server" }
    }

    /// The route that has nothing to compute.
    pub fn fast_route(&self) -> &'static str {
        if self.name == "workers" { "/fast" } else { "/fast-one" }
    }

    /// Whether its program reads this variable, which is looked up in its
    /// source.
    ///
    /// # Errors
    ///
    /// When there is no such listing or stage.
    pub fn reads(&self, variable: &str) -> Result<bool, Error> {
        let folder = self.folder()?;
        self.check_stage(&folder)?;
        let stage = folder.join(format!("src/bin/{}.rs", self.binary));
        let main = folder.join("src/main.rs");
        let path = if stage.is_file() { stage } else { main };
        match fs::read_to_string(&path) {
            Ok(source) => Ok(source.contains(&format!("\"{variable}\""))),
            Err(source) => Err(Error::Read { path, source }),
        }
    }

    /// Whether this path leads to the slow route.
    pub(super) fn blocks(&self, path: &str) -> bool {
        self.program.is_none()
            && path.split('?').next() == Some(self.slow_route())
    }

    /// Whether the listing says with this line that such a route started.
    pub(super) fn says_started(&self, line: &str) -> bool {
        match self.name.as_str() {
            "fork" => line.starts_with("start wait "),
            "workers" => line == "start!",
            _ => line.ends_with("start block-server"),
        }
    }

    fn folder(&self) -> Result<PathBuf, Error> {
        let known = Self::all()?;
        if known.contains(&self.name) {
            return Ok(listings_folder().join(&self.name));
        }
        Err(Error::Unknown { wanted: format!("listing {}", self.name), known })
    }

    /// The path of the program. Cargo is asked once in each process.
    fn built(&self, folder: &Path) -> Result<PathBuf, Error> {
        type Programs = HashMap<(PathBuf, String, bool), PathBuf>;
        static BUILT: LazyLock<Mutex<Programs>> = LazyLock::new(Mutex::default);

        self.check_stage(folder)?;
        let key = (folder.to_owned(), self.binary.clone(), self.release);
        // Held while cargo runs: whoever else wants it now waits for it.
        let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(program) = built.get(&key) {
            return Ok(program.clone());
        }
        let mut build = CargoBuild::new()
            .manifest_path(folder.join("Cargo.toml"))
            .bin(&self.binary);
        if self.release {
            build = build.release();
        }
        let run = build.run().map_err(|error| Error::Build {
            listing: self.name.clone(),
            reason: error.to_string(),
        })?;
        built.insert(key, run.path().to_owned());
        Ok(run.path().to_owned())
    }

    fn check_stage(&self, folder: &Path) -> Result<(), Error> {
        let entries = fs::read_dir(folder.join("src/bin"));
        let mut known: Vec<String> = entries
            .into_iter()
            .flatten()
            .filter_map(|entry| {
                let path = entry.ok()?.path();
                let stem = path.file_stem()?.to_string_lossy().into_owned();
                path.extension().is_some_and(|is| is == "rs").then_some(stem)
            })
            .collect();
        known.push(self.name.clone());
        known.sort();
        if known.contains(&self.binary) {
            return Ok(());
        }
        let wanted = format!("stage {} of {}", self.binary, self.name);
        Err(Error::Unknown { wanted, known })
    }
}

/// The command of a program, with nothing of this process's environment that
/// could change what it does.
pub(crate) fn bare(program: &Path) -> Command {
    /// What a program needs to find its files and libraries.
    const KEPT: [&str; 5] =
        ["HOME", "LANG", "LD_LIBRARY_PATH", "PATH", "TMPDIR"];
    let mut command = Command::new(program);
    command.env_clear();
    command.envs(KEPT.into_iter().filter_map(|name| {
        let value = env::var_os(name)?;
        Some((name, value))
    }));
    command
}

/// Where the listings are. `UNBLOCKED_LISTINGS` names another folder: this is
/// how a test shows that a chapter fails when its listing is broken.
fn listings_folder() -> PathBuf {
    match env::var_os("UNBLOCKED_LISTINGS") {
        Some(folder) => folder.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("listings"),
    }
}
