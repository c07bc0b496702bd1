use std::collections::hash_map::RandomState;
use std::env;
use std::hash::{BuildHasher, Hasher};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, FormatSetting, Trial};

use super::criterion::{self, Check, Criterion, PATIENCE};
use super::report::{Outcome, Report, ReportFile, SCHEMA, Verdict};
use super::{Failure, Submission, remains};

/// How many hints a README.md has.
const HINTS: usize = 3;

/// Names another program to judge than the student's.
const OTHER: &str = "UNBLOCKED_SUBMISSION";

/// An exercise: a program to judge, and its criteria, easy ones first.
pub struct Exercise {
    slug: &'static str,
    program: PathBuf,
    page: &'static str,
    patience: Duration,
    criteria: Vec<(Criterion, Check)>,
}

impl Exercise {
    /// The exercise in `exercises/SLUG`, and the program that it judges. If
    /// `UNBLOCKED_SUBMISSION` names another program, it judges that one.
    pub fn new(slug: &'static str, program: impl Into<PathBuf>) -> Self {
        let other = env::var_os(OTHER);
        Exercise {
            slug,
            program: other.map_or_else(|| program.into(), PathBuf::from),
            page: "book/SUMMARY.md",
            patience: PATIENCE,
            criteria: Vec::new(),
        }
    }

    /// The page of the book that explains it.
    pub fn page(mut self, page: &'static str) -> Self {
        self.page = page;
        self
    }

    /// How long each criterion may take before it counts as hung;
    /// [`PATIENCE`] unless said.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Adds a criterion: what it is worth, its short name, which never
    /// changes, the sentence that a student reads, and the check.
    pub fn criterion(
        mut self,
        points: u32,
        slug: &'static str,
        sentence: &'static str,
        check: impl FnOnce(&Submission) -> Result<(), Failure> + Send + 'static,
    ) -> Self {
        let criterion = Criterion { points, slug, sentence };
        self.criteria.push((criterion, Box::new(check)));
        self
    }

    /// Checks the criteria one after the other, prints what became of them,
    /// and writes the report if `UNBLOCKED_REPORT` asks for it. It is to be
    /// called first in `main`, since it takes over the signals.
    pub fn grade(self) -> ExitCode {
        let mut arguments = Arguments::from_args();
        if arguments.list {
            let trials = self
                .criteria
                .into_iter()
                .map(|(criterion, _)| criterion.trial(|| Ok(())));
            return libtest_mimic::run(&arguments, trials.collect())
                .exit_code();
        }
        // Beside another criterion, none would know what is its own doing.
        arguments.test_threads = Some(1);
        let (seed, file) = match (seed(), report_file(), self.found()) {
            (Ok(seed), Ok(file), Ok(())) => (seed, file),
            (Err(why), ..) | (_, Err(why), _) | (.., Err(why)) => {
                eprintln!("error: {why}");
                return ExitCode::from(2);
            }
        };
        remains::sweep_when_interrupted();
        if env::var_os(OTHER).is_some() {
            // A test of graders may be killed; a student's cargo is waited
            // for.
            remains::end_with_parent();
        }
        remains::adopt_orphans();
        criterion::catch_panics();

        let readme = format!("exercises/{}/README.md", self.slug);
        let page = self.page;
        let exercise = self.slug.to_owned();
        let (trials, results) = self.trials(seed);
        let conclusion = libtest_mimic::run(&arguments, trials);
        let results = results.lock().unwrap_or_else(PoisonError::into_inner);
        let report = Report::new(exercise, seed, results.clone());
        let summary = report.summary(&readme, page);
        match arguments.format {
            // Others read that.
            Some(FormatSetting::Json) => eprint!("{summary}"),
            _ => print!("{summary}"),
        }
        if let Some(Err(why)) = file.map(|file| file.write(&report)) {
            eprintln!("error: {why}");
            return ExitCode::from(2);
        }
        conclusion.exit_code()
    }

    /// The trial of each criterion, and where they note their results.
    fn trials(self, seed: u64) -> (Vec<Trial>, Results) {
        let results = self.criteria.iter().map(|(it, _)| it.not_run());
        let results: Results = Arc::new(Mutex::new(results.collect()));
        let trials = self.criteria.into_iter().enumerate();
        let trials = trials.map(|(place, (it, check))| {
            let results = Arc::clone(&results);
            let program = self.program.clone();
            let slug = it.slug;
            it.trial(move || {
                let start = Instant::now();
                let outcome = criterion::check(
                    &program,
                    seed,
                    slug,
                    check,
                    self.patience,
                );
                let mut results =
                    results.lock().unwrap_or_else(PoisonError::into_inner);
                results[place].note(&outcome, start.elapsed());
                outcome.map_err(|failure| Failed::from(failure.to_string()))
            })
        });
        (trials.collect(), results)
    }

    fn found(&self) -> Result<(), String> {
        match self.program.is_file() {
            true => Ok(()),
            false => {
                let program = self.program.display();
                Err(format!("there is no program {program} to judge"))
            }
        }
    }
}

type Results = Arc<Mutex<Vec<Verdict>>>;

impl Criterion {
    fn trial(
        &self,
        run: impl FnOnce() -> Result<(), Failed> + Send + 'static,
    ) -> Trial {
        let kind = match self.points {
            1 => "1 point".into(),
            points => format!("{points} points"),
        };
        Trial::test(self.sentence, run).with_kind(kind)
    }

    fn not_run(&self) -> Verdict {
        Verdict {
            slug: self.slug.into(),
            sentence: self.sentence.into(),
            points: self.points,
            outcome: Outcome::NotRun,
            observed: String::new(),
            question: String::new(),
            scene: String::new(),
            ms: 0,
        }
    }
}

impl Verdict {
    fn note(&mut self, outcome: &Result<(), Failure>, took: Duration) {
        self.ms = took.as_millis() as u64;
        self.outcome = Outcome::Passed;
        if let Err(failure) = outcome {
            self.outcome = Outcome::Failed;
            self.observed = failure.observed.clone();
            self.question = failure.question.clone();
            self.scene = failure.scene.clone();
        }
    }
}

impl Report {
    fn new(exercise: String, seed: u64, criteria: Vec<Verdict>) -> Self {
        let worth = |met: &dyn Fn(&Verdict) -> bool| {
            let met = criteria.iter().filter(|result| met(result));
            met.map(|result| result.points).sum()
        };
        let passed = |it: &Verdict| it.outcome == Outcome::Passed;
        Report {
            schema: SCHEMA,
            exercise,
            points: worth(&passed),
            out_of: worth(&|_| true),
            passed: criteria.iter().all(passed),
            seed,
            criteria,
        }
    }

    /// What stands below the criteria.
    fn summary(&self, readme: &str, page: &str) -> String {
        let Report { points, out_of, seed, criteria, .. } = self;
        let mut summary = format!("points: {points} of {out_of}");
        let not_run =
            criteria.iter().filter(|it| it.outcome == Outcome::NotRun).count();
        if not_run > 0 {
            summary += &format!(" ({not_run} criteria were not run)");
        }
        summary.push('\n');
        let failed = |it: &Verdict| it.outcome == Outcome::Failed;
        if let Some(level) = criteria.iter().position(failed) {
            // The later it fails first, the further the student is.
            let hint = 1 + level * HINTS / criteria.len();
            summary += &format!(
                "next hint: {readme}, hint {hint}\n\
                 explained in: {page}\n\
                 the same random input again: UNBLOCKED_SEED={seed}\n"
            );
        }
        summary.push('\n');
        summary
    }
}

fn seed() -> Result<u64, String> {
    match env::var("UNBLOCKED_SEED") {
        Ok(text) => text.parse().map_err(|_| {
            format!("UNBLOCKED_SEED is {text:?}; it must be a whole number")
        }),
        // The standard library keys its maps with what the kernel calls
        // random.
        Err(_) => Ok(RandomState::new().build_hasher().finish() >> 11),
    }
}

fn report_file() -> Result<Option<ReportFile>, String> {
    let path = env::var_os("UNBLOCKED_REPORT").map(PathBuf::from);
    path.map(ReportFile::create).transpose()
}
