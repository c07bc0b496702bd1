use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::sync::watch;

use super::http::RELOAD;
use crate::book::check::{self, Repository};
use crate::book::{Error, build};

/// The folder of one whole book. It is removed with the last who holds it.
pub type Build = Arc<TempDir>;

/// The built pages, and who waits for the next ones.
pub struct Site {
    root: PathBuf,
    /// Where the builds' folders are.
    target: PathBuf,
    /// The newest build, and the one before it: a page that was loaded a
    /// moment ago may still ask for its own style.
    builds: RwLock<Vec<Build>>,
    /// The number of the newest build; 0 before the first.
    newest: watch::Sender<u64>,
}

impl Site {
    pub fn new(root: &Path) -> Result<Self, Error> {
        let target = root.join("target/book-serve");
        fs::create_dir_all(&target)
            .map_err(|reason| Error::Write { path: target.clone(), reason })?;
        sweep(&target);
        let (newest, _) = watch::channel(0);
        let builds = RwLock::new(Vec::new());
        Ok(Site { root: root.to_owned(), target, builds, newest })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The newest build first. Whoever holds one can read all of it, however
    /// many builds follow.
    pub fn builds(&self) -> Vec<Build> {
        self.builds.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The number of the newest build, and of each that follows.
    pub fn news(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    /// Builds into a folder of its own, and shows it when it is whole.
    pub fn rebuild(&self) -> Result<(), Error> {
        let problems = check::includes(&Repository::as_it_is(&self.root));
        if !problems.is_empty() {
            return Err(Error::Broken { problems });
        }
        let number = *self.newest.borrow() + 1;
        let folder = tempfile::Builder::new()
            .prefix(&format!("{}-{number}-", std::process::id()))
            .tempdir_in(&self.target)
            .map_err(|reason| {
                let path = self.target.clone();
                Error::Write { path, reason }
            })?;
        // A page says which build it is from, so that one which was loaded
        // just before the next build learns that it is old.
        let reload = format!("{RELOAD}?{number}");
        build(&self.root, folder.path(), Some(&reload))?;

        let mut builds =
            self.builds.write().unwrap_or_else(PoisonError::into_inner);
        builds.insert(0, Arc::new(folder));
        let kept = builds.len().min(2);
        let old = builds.split_off(kept);
        // Removing files takes time, and requests wait for this lock.
        drop(builds);
        drop(old);
        self.newest.send_replace(number);
        Ok(())
    }
}

/// Removes the builds of servers that were killed. Each is named for the
/// process that made it.
fn sweep(target: &Path) {
    for entry in fs::read_dir(target).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let maker = name.to_str().and_then(|name| name.split('-').next());
        let Some(maker) = maker.and_then(|pid| pid.parse().ok()) else {
            continue;
        };
        if kill(Pid::from_raw(maker), None) == Err(Errno::ESRCH) {
            // It takes up space, and harms nobody.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
