//! The command `record`: performs scenarios and writes what pages show.

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use anyhow::{Context, Result, bail, ensure};
use indicatif::{ProgressBar, ProgressStyle};

use super::machine::{self, Canary};
use super::scenario::{ALL, Scenario};
use super::{Trace, Work, facts, figure, perform, transcript};

/// Where the pages find it, from the root of the repository.
pub const FOLDER: &str = "book/recorded";

/// How often the line with the time that has passed is drawn.
const OFTEN: Duration = Duration::from_millis(100);

/// Performs the scenarios of these names, or all, and writes for each of them
/// a trace, a figure, a transcript and facts.
///
/// With `keep_going`, a scenario that fails does not stop the others.
///
/// # Errors
///
/// When a name is wrong, a run fails or was spoiled by other work of the
/// machine, or a file can't be written. Nothing is written of such a run.
pub fn record(root: &Path, names: &[String], keep_going: bool) -> Result<()> {
    let scenarios = chosen(names)?;
    let folder = root.join(FOLDER);
    fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make {}", folder.display()))?;
    let mut canary = Canary::start()?;
    let bar = ProgressBar::new(scenarios.len() as u64);
    bar.set_style(
        ProgressStyle::with_template(
            "{elapsed:>4} {wide_bar} {pos}/{len} {msg}",
        )
        .expect("a template of known words"),
    );
    bar.enable_steady_tick(OFTEN);
    let mut failed = Vec::new();
    for scenario in scenarios {
        bar.set_message(scenario.name);
        let done = one(root, scenario, &mut canary)
            .with_context(|| scenario.name.to_owned());
        match done {
            Ok(trace) => bar.suspend(|| println!("{}", told(&trace))),
            Err(problem) if keep_going => {
                bar.suspend(|| eprintln!("{problem:#}"));
                failed.push(scenario.name);
            }
            Err(problem) => {
                bar.finish_and_clear();
                return Err(problem);
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    ensure!(failed.is_empty(), "not recorded: {}", failed.join(", "));
    Ok(())
}

fn chosen(names: &[String]) -> Result<Vec<&'static Scenario>> {
    if names.is_empty() {
        return Ok(ALL.iter().collect());
    }
    names.iter().map(|name| Scenario::named(name)).collect()
}

/// Performs one scenario between two looks at the machine, and writes it.
fn one(root: &Path, scenario: &Scenario, canary: &mut Canary) -> Result<Trace> {
    let machine = machine::machine(root, scenario.listing)?;
    canary.check().context("before the run")?;
    let trace = perform(scenario, Work::FULL, machine)?;
    canary.check().context("after the run")?;
    // What the format refuses is refused before it is written.
    let trace = Trace::parse(&trace.text())?;
    for (file, text) in files(root, &trace) {
        machine::write(&file, &text)?;
    }
    Ok(trace)
}

fn told(trace: &Trace) -> String {
    let mut order: Vec<_> = trace.requests.iter().collect();
    order.sort_by_key(|request| request.answered);
    let order: Vec<String> = order
        .iter()
        .map(|it| format!("{} {} s", it.client, figure::seconds(it.answered)))
        .collect();
    format!("{}: {}", trace.scenario, order.join(", "))
}

/// All that is kept of a trace: files and their texts.
fn files(root: &Path, trace: &Trace) -> [(PathBuf, String); 4] {
    let file = |kind: &str| {
        root.join(FOLDER).join(format!("{}.{kind}", trace.scenario))
    };
    [
        (file("json"), trace.text()),
        (file("html"), figure::html(trace)),
        (file("txt"), transcript::text(trace)),
        (file("md"), facts::markdown(trace)),
    ]
}

/// Prints the scenarios and what they show.
pub fn list() {
    let widest = ALL.iter().map(|it| it.name.len()).max().unwrap_or_default();
    for scenario in ALL {
        println!("{:widest$}  {}", scenario.name, scenario.title);
    }
}

/// Looks whether each file follows from its trace, byte for byte, whether each
/// scenario has its trace, and whether it is the run that the scenario says.
///
/// # Errors
///
/// With all that is wrong, a line each.
pub fn check(root: &Path) -> Result<()> {
    let problems = problems(root)?;
    for problem in &problems {
        eprintln!("{problem}");
    }
    match problems.len() {
        0 => Ok(()),
        1 => bail!("one problem in {FOLDER}"),
        count => bail!("{count} problems in {FOLDER}"),
    }
}

/// What is wrong with what was recorded.
///
/// # Errors
///
/// When the folder can't be read.
pub fn problems(root: &Path) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    let mut known: Vec<PathBuf> = Vec::new();
    for scenario in ALL {
        let name = format!("{FOLDER}/{}.json", scenario.name);
        let trace = match Trace::read(&root.join(&name)) {
            Ok(trace) => trace,
            Err(problem) => {
                problems.push(format!("{problem:#}"));
                continue;
            }
        };
        if let Some(difference) = other_run(scenario, &trace) {
            problems.push(format!(
                "{name}: {difference} is not the scenario's; record it again"
            ));
        }
        for (file, text) in files(root, &trace) {
            let found = fs::read_to_string(&file);
            let shown = file.strip_prefix(root).unwrap_or(&file).display();
            match found {
                Ok(found) if found == text => {}
                Ok(_) => problems.push(format!(
                    "{shown} does not follow from its trace; record {} again",
                    scenario.name
                )),
                Err(error) => problems.push(format!("{shown}: {error}")),
            }
            known.push(file);
        }
    }
    let folder = root.join(FOLDER);
    let stray = strays(&folder, &known)
        .with_context(|| format!("cannot read {}", folder.display()))?;
    problems.extend(stray);
    Ok(problems)
}

/// What of the scenario a trace contradicts.
fn other_run(scenario: &Scenario, trace: &Trace) -> Option<&'static str> {
    let variables: Vec<(&str, &str)> = trace
        .variables
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let same = [
        (trace.scenario == scenario.name, "the name"),
        (trace.title == scenario.title, "the title"),
        (trace.listing == scenario.listing, "the listing"),
        (trace.stage.as_deref() == scenario.stage, "the stage"),
        (variables == scenario.variables, "the variables"),
    ];
    same.into_iter().find(|(same, _)| !same).map(|(_, what)| what)
}

/// Files of no scenario. What an exercise prints is recorded by its grader.
fn strays(folder: &Path, known: &[PathBuf]) -> io::Result<Vec<String>> {
    let mut strays = Vec::new();
    for entry in fs::read_dir(folder)? {
        let file = entry?.path();
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        if !known.contains(&file) && !name.starts_with("exercise-") {
            strays.push(format!("{FOLDER}/{name}: no scenario has this file"));
        }
    }
    strays.sort();
    Ok(strays)
}
