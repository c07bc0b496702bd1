//! What `unblocked::grade` promises, tried on small programs that break
//! every rule.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use unblocked::grade::{Outcome, Verdict};
use unblocked::lab::Signal;

use super::grading::{Graded, grade, running};
use super::programs::Programs;
use super::{Shared, built};

/// One trial at a time uses `forgets`, and one the others: who runs a fixture
/// is taken for what survives of it.
static FORGETS: Mutex<()> = Mutex::new(());
static OTHERS: Mutex<()> = Mutex::new(());

const WAITS: &str = "the grader waits for ever";

pub fn trials(programs: &Shared) -> Vec<Trial> {
    type Check = fn(&Programs) -> Result<(), String>;
    let trial = |name: &str, check: Check, lock: &'static Mutex<()>| {
        let programs = programs.clone();
        let name = format!("the framework: {name}");
        Trial::test(name, move || {
            let alone = lock.lock();
            let _alone = alone.unwrap_or_else(PoisonError::into_inner);
            Ok(check(built(&programs)?)?)
        })
    };
    let with_others = [
        ("a hang is a failure that says where", hangs as Check),
        ("criteria are checked one after the other", one_at_a_time),
        ("printing and exit code 0 are no answer", boasts),
        ("a report that can't be written is an error", refuses),
        ("a filter leaves the others out", filters),
        ("what the compiler complains about is known", warns),
    ];
    let with_forgets = [
        ("nothing survives that was forgotten", forgets as Check),
        ("a panic is the grader's fault, and it goes on", panics),
        ("what waits for ever is left behind", waits),
        (
            "Ctrl-C leaves nothing, nor does the end of who started it",
            interrupted,
        ),
    ];
    // In turns, so that two can run at a time.
    let mut trials = Vec::new();
    for (nth, (name, check)) in with_others.into_iter().enumerate() {
        trials.push(trial(name, check, &OTHERS));
        if let Some((name, check)) = with_forgets.get(nth) {
            trials.push(trial(name, *check, &FORGETS));
        }
    }
    trials
}

fn fixture(
    programs: &Programs,
    name: &str,
    arguments: &[&str],
) -> Result<Graded, String> {
    let grader = programs.other("fixture", "grader")?;
    grade(grader, programs.other("fixture", name)?, &[], arguments)
}

fn hangs(programs: &Programs) -> Result<(), String> {
    let cases = [
        ("silent", "it answers", "waiting for the line `Server running"),
        ("deaf", "it answers", "waiting for the answer"),
        ("silent", "it says 42", "waiting for its end"),
    ];
    for (name, criterion, step) in cases {
        let graded = fixture(programs, name, &[criterion])?;
        let it = ran(&graded)?;
        let wanted = format!("hung while {step}");
        expect(&graded, it.observed.starts_with(&wanted), &it.observed)?;
        expect(
            &graded,
            it.scene.contains(&format!("fixture--{name}")),
            "scene",
        )?;
        // Two seconds of patience: it does not take two more to be over.
        expect(&graded, it.ms < 4000, "it took long")?;
    }
    Ok(())
}

fn one_at_a_time(programs: &Programs) -> Result<(), String> {
    let graded = fixture(programs, "deaf", &["--test-threads=4", "it "])?;
    expect(&graded, graded.failed() == ["answers", "speaks"], "it passes")?;
    let ms: u64 = graded.report.criteria.iter().map(|it| it.ms).sum();
    let took = graded.took.as_millis() as u64;
    expect(&graded, took >= ms, "they were checked at the same time")
}

fn forgets(programs: &Programs) -> Result<(), String> {
    for criterion in ["it answers", "it says 42"] {
        // That nothing survives is looked at after every grade.
        let graded = fixture(programs, "forgets", &[criterion])?;
        let it = ran(&graded)?;
        // Nor does anybody wait for the streams that they hold open.
        expect(&graded, it.outcome == Outcome::Passed, &it.observed)?;
    }
    Ok(())
}

fn boasts(programs: &Programs) -> Result<(), String> {
    let graded = fixture(programs, "boasts", &["it "])?;
    expect(&graded, graded.failed() == ["answers", "speaks"], "it passes")?;
    expect(&graded, !graded.status.success(), "exit code")?;
    let boasted = ["test it answers ... ok", "points: 10 of 10"];
    let mut lines = graded.stdout.lines();
    // Indented, it is shown to the student.
    expect(&graded, !lines.any(|it| boasted.contains(&it)), "it is heard")?;
    expect(&graded, graded.stdout.contains("points: 0 of 10"), "points")
}

fn panics(programs: &Programs) -> Result<(), String> {
    let arguments = ["--skip", WAITS, "--skip", "42"];
    let graded = fixture(programs, "forgets", &arguments)?;
    expect(&graded, graded.failed() == ["panics"], "other criteria")?;
    let it = &graded.report.criteria[1];
    let blames = it.observed.contains("the grader itself is at fault");
    expect(&graded, blames, &it.observed)?;
    let says = it.scene.contains("no such thing as");
    expect(&graded, says && it.scene.contains("grader.rs"), &it.scene)
}

fn waits(programs: &Programs) -> Result<(), String> {
    let arguments = ["--skip", "panics", "--skip", "42"];
    let graded = fixture(programs, "forgets", &arguments)?;
    expect(&graded, graded.failed() == ["waits"], "other criteria")?;
    let it = &graded.report.criteria[0];
    let where_it_hung = "hung while waiting for nothing";
    expect(&graded, it.observed == where_it_hung, &it.observed)
}

fn interrupted(programs: &Programs) -> Result<(), String> {
    let grader = programs.other("fixture", "grader")?;
    let forgets = programs.other("fixture", "forgets")?;
    let why = |error: std::io::Error| error.to_string();
    let direct = ["--exact", WAITS];
    let by_shell = ["-c", "\"$0\" --exact \"$1\" & wait"];
    for (signal, code) in [
        (Signal::SIGINT, Some(130)),
        (Signal::SIGTERM, Some(143)),
        // It never learns of this: whoever started it is killed.
        (Signal::SIGKILL, None),
    ] {
        let mut command = Command::new(grader);
        command.args(direct);
        if code.is_none() {
            command = Command::new("sh");
            command.args(by_shell).arg(grader).arg(WAITS);
        }
        let mut started = command
            .env("UNBLOCKED_SUBMISSION", forgets)
            // Its watchdog comes too late to end it.
            .env("PATIENCE", "60")
            .stdout(Stdio::null())
            .spawn()
            .map_err(why)?;
        let came = within_seconds(|| running(forgets).len() == 3);
        let pid = nix::unistd::Pid::from_raw(started.id() as i32);
        nix::sys::signal::kill(pid, signal).map_err(|e| e.to_string())?;
        let status = started.wait().map_err(why)?;
        let gone = match code {
            // When it ends, all has ended before.
            Some(_) => running(forgets).is_empty(),
            None => within_seconds(|| running(forgets).is_empty()),
        };
        if !came || !gone || status.code() != code {
            let left = running(forgets);
            return Err(format!("{signal}: {status}, {left:?} survive"));
        }
    }
    Ok(())
}

fn within_seconds(is_so: impl Fn() -> bool) -> bool {
    let start = Instant::now();
    while !is_so() {
        if start.elapsed() > Duration::from_secs(10) {
            return false;
        }
        thread::sleep(Duration::from_millis(5));
    }
    true
}

fn refuses(programs: &Programs) -> Result<(), String> {
    let cases = [
        ("UNBLOCKED_REPORT", "/nowhere/report.json", "cannot write the report"),
        ("UNBLOCKED_SEED", "seven", "UNBLOCKED_SEED is \"seven\""),
        ("UNBLOCKED_SUBMISSION", "/nowhere/it", "no program /nowhere/it"),
    ];
    for (name, value, message) in cases {
        let boasts = programs.other("fixture", "boasts")?;
        let Output { status, stderr, stdout } =
            Command::new(programs.other("fixture", "grader")?)
                .env("UNBLOCKED_SUBMISSION", boasts)
                .env(name, value)
                .output()
                .map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&stderr);
        if status.success() || !said.contains(message) || !stdout.is_empty() {
            return Err(format!("{name}={value}: {status}, {said:?}"));
        }
    }
    Ok(())
}

fn filters(programs: &Programs) -> Result<(), String> {
    let graded = fixture(programs, "boasts", &["--exact", "it answers"])?;
    expect(&graded, graded.failed() == ["answers"], "which one")?;
    let not_run = "points: 0 of 10 (3 criteria were not run)";
    expect(&graded, graded.stdout.contains(not_run), "points")?;
    let names = list(programs.other("fixture", "grader")?)?;
    let wanted = "[3 points] it answers: test";
    match names.lines().count() == 4 && names.contains(wanted) {
        true => Ok(()),
        false => Err(names),
    }
}

fn warns(programs: &Programs) -> Result<(), String> {
    programs.other("fixture", "warns")?;
    let warning = programs.warning("fixture", "warns").unwrap_or_default();
    match warning.contains("`unused` is never used") {
        true => Ok(()),
        false => Err(format!("it says {warning:?}")),
    }
}

/// The criteria of a grader, with their points, one a line.
pub fn list(grader: &Path) -> Result<String, String> {
    let output = Command::new(grader).arg("--list").output();
    let output = output.map_err(|error| error.to_string())?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The only criterion that was run.
fn ran(graded: &Graded) -> Result<&Verdict, String> {
    let all = graded.report.criteria.iter();
    let mut ran = all.filter(|it| it.outcome != Outcome::NotRun);
    match (ran.next(), ran.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(graded.told("not one criterion was run")),
    }
}

fn expect(graded: &Graded, is_so: bool, what: &str) -> Result<(), String> {
    match is_so {
        true => Ok(()),
        false => Err(graded.told(what)),
    }
}
