use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::{Pid, getpid};
use procfs::process::all_processes;
use tempfile::TempDir;
use thirtyfour::common::capabilities::desiredcapabilities::PageLoadStrategy;
use thirtyfour::prelude::*;
use thirtyfour::{ChromiumLikeCapabilities, LoggingPrefsLogLevel};

use crate::lab::{HANG, guard};

/// Enough for a page, and for nothing that asks another host.
const FLAGS: [&str; 10] = [
    "--headless=new",
    // It refuses to start as root with it.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    // Its crash handlers would leave the process group, and outlive it.
    "--disable-crashpad-for-testing",
];

/// ChromeDriver, which starts a Chromium when it is asked for a session.
///
/// Dropping it kills both, and whatever they have started.
pub struct Driver {
    process: Child,
    /// Ends them if we are killed.
    guard: Child,
    url: String,
    profile: TempDir,
}

impl Driver {
    /// The program, if it is installed.
    pub fn program() -> Option<PathBuf> {
        let path = env::var_os("PATH")?;
        let mut programs =
            env::split_paths(&path).map(|folder| folder.join("chromedriver"));
        programs.find(|program| program.is_file())
    }

    /// Starts it on a free port.
    ///
    /// # Errors
    ///
    /// When it is not installed, or does not say that it is ready.
    pub fn start() -> Result<Self> {
        let Some(program) = Self::program() else {
            bail!(
                "no chromedriver; install Debian's packages chromium and \
                 chromium-driver, or record the other scenarios by name"
            );
        };
        let profile = tempfile::tempdir().context("cannot make a profile")?;
        let process = Command::new(&program)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Whatever they write goes with the profile.
            .env("HOME", profile.path())
            .env("TMPDIR", profile.path())
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let guard = guard(process.id()).context("cannot start sh")?;
        // From here on, an error drops the driver and thereby ends it.
        let url = String::new();
        let mut driver = Driver { process, guard, url, profile };
        let port = driver.port()?;
        driver.url = format!("http://127.0.0.1:{port}");
        Ok(driver)
    }

    fn port(&mut self) -> Result<u16> {
        let stdout = self.process.stdout.take();
        let stdout = stdout.context("chromedriver has no output")?;
        let said = "was started successfully on port ";
        for line in BufReader::new(stdout).lines() {
            let line = line.context("cannot read from chromedriver")?;
            if let Some((_, port)) = line.split_once(said) {
                let port = port.trim_end_matches('.').parse();
                return port.context("chromedriver names no port");
            }
        }
        bail!("chromedriver ended before it was ready")
    }

    /// Starts Chromium with a profile that nobody has used.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub async fn session(&self) -> Result<WebDriver> {
        let mut wanted = DesiredCapabilities::chrome();
        for flag in FLAGS {
            wanted.add_arg(flag)?;
        }
        let profile = self.profile.path().display();
        wanted.add_arg(&format!("--user-data-dir={profile}"))?;
        wanted.set_logging_prefs("performance", LoggingPrefsLogLevel::All)?;
        // A tab that is sent somewhere does not wait until it is there.
        wanted.set_page_load_strategy(PageLoadStrategy::None)?;
        let session = WebDriver::new(&self.url, wanted).await;
        session.context("Chromium does not start")
    }

    /// The processes that were started with its profile.
    fn browser(&self) -> Vec<Pid> {
        let profile = self.profile.path().to_string_lossy().into_owned();
        let all = all_processes().into_iter().flatten().flatten();
        let ours = all.filter(|process| {
            let words = process.cmdline().unwrap_or_default();
            words.iter().any(|word| word.contains(&profile))
        });
        ours.map(|process| Pid::from_raw(process.pid)).collect()
    }

    fn end(&mut self) -> Result<()> {
        let _ = self.guard.kill();
        let _ = self.guard.wait();
        let group = Pid::from_raw(self.process.id() as i32);
        // It fails only if all of the group are gone.
        let _ = killpg(group, Signal::SIGKILL);
        let _ = self.process.wait();
        let begin = Instant::now();
        loop {
            let left = self.browser();
            reap();
            if left.is_empty() {
                return Ok(());
            }
            ensure!(begin.elapsed() < HANG, "Chromium survives: {left:?}");
            for process in left {
                let _ = kill(process, Signal::SIGKILL);
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Reaps what has become ours when its parent died: whoever runs the lab gets
/// the orphans.
fn reap() {
    let us = getpid().as_raw();
    let all = all_processes().into_iter().flatten().flatten();
    for stat in all.filter_map(|process| process.stat().ok()) {
        let ours = stat.ppid == us && stat.state == 'Z';
        if ours && stat.comm.starts_with("chrom") {
            let pid = Pid::from_raw(stat.pid);
            let _ = waitpid(pid, Some(WaitPidFlag::WNOHANG));
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            eprintln!("{error}");
        }
        // Chromium may have written while it died.
        let _ = fs::remove_dir_all(self.profile.path());
    }
}
