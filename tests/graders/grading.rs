//! Runs a grader, and compares its report with what must come out.

use std::fs::{self, File};
use std::path::Path;
use std::process::{self, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal;
use nix::unistd::Pid;
use unblocked::grade::{Outcome, PATIENCE, Report};
use unblocked::lab::Signal;

use super::exercise::Verdict;

/// Longer than any grader may take: its criteria have watchdogs.
const HANG: Duration = Duration::from_secs(300);

/// A grader that ran to its end.
pub struct Graded {
    pub status: ExitStatus,
    pub report: Report,
    /// What it printed.
    pub stdout: String,
    pub took: Duration,
}

/// Runs a grader on a program. `on` goes before it, as in `taskset -c 0`.
pub fn grade(
    grader: &Path,
    submission: &Path,
    on: &[&str],
    arguments: &[&str],
) -> Result<Graded, String> {
    let why = |error: std::io::Error| error.to_string();
    let folder = tempfile::tempdir().map_err(why)?;
    let report = folder.path().join("report.json");
    let printed = folder.path().join("stdout");
    let mut words = on.iter().map(Path::new).chain([grader]);
    let mut command = Command::new(words.next().unwrap_or(grader));
    let start = Instant::now();
    let mut child = command
        .args(words)
        .args(arguments)
        .env("UNBLOCKED_SUBMISSION", submission)
        .env("UNBLOCKED_REPORT", &report)
        // A file has an end, even if somebody survives who could write more.
        .stdout(File::create(&printed).map_err(why)?)
        .spawn()
        .map_err(|error| format!("cannot start {command:?}: {error}"))?;
    let status = loop {
        if let Some(status) = child.try_wait().map_err(why)? {
            break status;
        }
        if start.elapsed() > HANG {
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("{} hangs", grader.display()));
        }
        thread::sleep(Duration::from_millis(10));
    };
    let took = start.elapsed();
    let stdout = fs::read_to_string(&printed).map_err(why)?;
    let left = running(submission);
    if !left.is_empty() {
        for pid in &left {
            let pid = Pid::from_raw(*pid as i32);
            let _ = signal::kill(pid, Signal::SIGKILL);
        }
        return Err(format!("{left:?} survive the grade\n{stdout}"));
    }
    let text = fs::read_to_string(&report).map_err(why)?;
    let report = serde_json::from_str(&text)
        .map_err(|error| format!("no report: {error}\n{stdout}"))?;
    Ok(Graded { status, report, stdout, took })
}

impl Graded {
    /// Whether it came out so.
    pub fn compare(&self, verdict: &Verdict) -> Result<(), String> {
        let empty = Vec::new();
        let wanted = match verdict {
            Verdict::Passes => &empty,
            Verdict::Fails { criteria, .. } => criteria,
        };
        let all = &self.report.criteria;
        let is_known = |slug: &&String| all.iter().any(|it| it.slug == **slug);
        if let Some(unknown) = wanted.iter().find(|slug| !is_known(slug)) {
            return Err(format!("there is no criterion {unknown}"));
        }
        let found = self.failed();
        let mut wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
        // A first line may name them in any order.
        wanted.sort_by_key(|slug| all.iter().position(|it| it.slug == **slug));
        if found != wanted {
            return Err(self.told(&format!(
                "it fails [{}] and not [{}]",
                found.join(", "),
                wanted.join(", ")
            )));
        }
        if all.iter().any(|it| it.outcome == Outcome::NotRun) {
            return Err(self.told("a criterion was not run"));
        }
        let points = all
            .iter()
            .filter(|it| it.outcome == Outcome::Passed)
            .map(|it| it.points)
            .sum::<u32>();
        let passes = wanted.is_empty();
        if self.status.success() != passes
            || self.report.passed != passes
            || self.report.points != points
        {
            return Err(self.told("exit code, points and report disagree"));
        }
        Ok(())
    }

    /// Whether it fails at all, before a student loses patience.
    pub fn fails_soon(&self) -> Result<(), String> {
        if self.failed().is_empty() || self.status.success() {
            return Err(self.told("it passes"));
        }
        if self.took > PATIENCE {
            return Err(self.told(&format!("it took {:?}", self.took)));
        }
        Ok(())
    }

    /// The criteria that failed.
    pub fn failed(&self) -> Vec<&str> {
        let all = self.report.criteria.iter();
        let failed = all.filter(|it| it.outcome == Outcome::Failed);
        failed.map(|it| it.slug.as_str()).collect()
    }

    /// What went wrong, and all that the student would see.
    pub fn told(&self, what: &str) -> String {
        format!("{what}; {}\n{}", self.status, self.stdout)
    }
}

/// The processes below this one that run a program. Whose parent has ended is
/// below this one too, after [`adopt_orphans`].
pub fn running(program: &Path) -> Vec<u32> {
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let running = all.filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let runs = fs::read_link(entry.path().join("exe")).ok()?;
        (runs == program && is_below(pid)).then_some(pid)
    });
    running.collect()
}

/// Makes this process the parent of all orphans below it.
pub fn adopt_orphans() {
    let _ = nix::sys::prctl::set_child_subreaper(true);
}

fn is_below(mut pid: u32) -> bool {
    while pid > 1 {
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
            return false;
        };
        // Its name comes first, in parentheses, and its state.
        let fields = stat.rsplit(')').next().unwrap_or_default();
        let parent = fields.split_whitespace().nth(1);
        pid = parent.and_then(|pid| pid.parse().ok()).unwrap_or(0);
        if pid == process::id() {
            return true;
        }
    }
    false
}
