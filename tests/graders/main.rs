//! Graders are graded: a stub fails, a reference passes, and each wrong
//! submission fails exactly where its first line says.
//!
//! A file in `exercises/SLUG/submissions/` is found by itself. All programs
//! are built once, by two calls of cargo:
//!
//!     cargo test --test graders                   # everything
//!     cargo test --test graders unblock:          # one exercise
//!     cargo test --test graders unblock: cached   # one submission
//!
//! - `exercise`: what is in `exercises/`.
//! - `form`: what each exercise has, for a student and for the book.
//! - `programs`: building.
//! - `grading`: running a grader, and judging its report.
//! - `shown`: what a page shows of a grader.
//! - `framework`: the promises of `unblocked::grade` itself.

mod exercise;
mod form;
mod framework;
mod grading;
mod programs;
mod shown;

use std::hint;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, PoisonError, RwLock};
use std::thread;

use libtest_mimic::{Arguments, Trial};

use exercise::{Exercise, Verdict};
use grading::grade;
use programs::Programs;

/// The reference passes so many times on a quiet machine, on one core, and
/// beside others that want every core: ten times in all.
const REFERENCE: [(&str, usize); 3] =
    [("", 6), (" on one core", 2), (" beside a busy neighbour", 2)];

/// Whoever makes the machine busy, or small, has it for itself.
static MACHINE: RwLock<()> = RwLock::new(());

fn main() -> ExitCode {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("exercises");
    let exercises = match exercise::discover(&folder) {
        Ok(exercises) => exercises,
        Err(error) => {
            eprintln!("error: cannot read {}: {error}", folder.display());
            return ExitCode::FAILURE;
        }
    };
    let exercises: Vec<_> = exercises.into_iter().map(Arc::new).collect();
    // Built by the first who needs them.
    let programs: Shared = Arc::new(LazyLock::new({
        let exercises = exercises.clone();
        Box::new(move || Programs::build(&exercises))
    }));
    grading::adopt_orphans();
    let mut trials = framework::trials(&programs);
    trials.push(Trial::test("submissions are found", || {
        Ok(exercise::finds_what_is_there()?)
    }));
    for exercise in &exercises {
        trials.extend(of_exercise(exercise, &programs));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

type Built = Result<Programs, String>;
type Shared = Arc<LazyLock<Built, Box<dyn FnOnce() -> Built + Send>>>;

/// The programs, or why there are none.
fn built(programs: &Shared) -> Result<&Programs, String> {
    LazyLock::force(programs).as_ref().map_err(String::clone)
}

fn of_exercise(exercise: &Arc<Exercise>, programs: &Shared) -> Vec<Trial> {
    let trial = |name: String, check: fn(&One) -> Result<(), String>, nth| {
        let (exercise, programs) = (exercise.clone(), programs.clone());
        Trial::test(format!("{}: {name}", exercise.slug), move || {
            let programs = built(&programs)?;
            Ok(check(&One { exercise: &exercise, programs, nth })?)
        })
    };
    let mut trials = vec![
        trial("has all that an exercise has".into(), is_in_form, 0),
        trial("the stub fails".into(), stub_fails, 0),
    ];
    if exercise.slug == shown::SLUG {
        trials.push(trial("the book shows how it fails".into(), is_shown, 0));
    }
    for (nth, submission) in exercise.submissions.iter().enumerate() {
        let name = match &submission.verdict {
            Ok(Verdict::Passes) => continue,
            Ok(Verdict::Fails { misconception, .. }) => {
                format!("{} fails: {misconception}", submission.name)
            }
            Err(_) => submission.name.clone(),
        };
        trials.push(trial(name, comes_out_as_it_says, nth));
    }
    for (nth, (how, times)) in REFERENCE.into_iter().enumerate() {
        let name = format!("the reference passes, {times} of {times}{how}");
        trials.push(trial(name, reference_passes, nth));
    }
    trials
}

/// One trial of an exercise.
struct One<'a> {
    exercise: &'a Exercise,
    programs: &'a Programs,
    /// Which submission, or which way to run the reference.
    nth: usize,
}

fn is_in_form(one: &One) -> Result<(), String> {
    form::check(one.exercise, one.programs)
}

fn stub_fails(one: &One) -> Result<(), String> {
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let stub = &one.programs.stubs[&one.exercise.slug];
    grade(one.grader(), stub, &[], &[])?.fails_soon()
}

fn is_shown(one: &One) -> Result<(), String> {
    // Another trial runs the same stub, and looks that none is left.
    let _alone = MACHINE.write().unwrap_or_else(PoisonError::into_inner);
    shown::check(one.grader(), &one.programs.stubs[&one.exercise.slug])
}

fn comes_out_as_it_says(one: &One) -> Result<(), String> {
    let submission = &one.exercise.submissions[one.nth];
    let verdict = submission.verdict.clone()?;
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    one.grade(&submission.name, &[], &verdict)
}

fn reference_passes(one: &One) -> Result<(), String> {
    let (_, times) = REFERENCE[one.nth];
    let machine = match one.nth {
        0 => Ok(MACHINE.read().unwrap_or_else(PoisonError::into_inner)),
        _ => Err(MACHINE.write().unwrap_or_else(PoisonError::into_inner)),
    };
    let on: &[&str] = if one.nth == 1 { &["taskset", "-c", "0"] } else { &[] };
    let _neighbour = (one.nth == 2).then(Neighbour::start);
    for _ in 0..times {
        one.grade("reference", on, &Verdict::Passes)?;
    }
    drop(machine);
    Ok(())
}

impl One<'_> {
    fn grade(
        &self,
        name: &str,
        on: &[&str],
        verdict: &Verdict,
    ) -> Result<(), String> {
        let program = self.programs.other(&self.exercise.slug, name)?;
        grade(self.grader(), program, on, &[])?.compare(verdict)
    }

    fn grader(&self) -> &Path {
        &self.programs.graders[&self.exercise.slug]
    }
}

/// Keeps every core busy until it is dropped.
struct Neighbour(Arc<AtomicBool>);

impl Neighbour {
    fn start() -> Self {
        let leaves = Arc::new(AtomicBool::new(false));
        let cores = thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..cores {
            let leaves = Arc::clone(&leaves);
            thread::spawn(move || {
                while !leaves.load(Ordering::Relaxed) {
                    hint::spin_loop();
                }
            });
        }
        Neighbour(leaves)
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
