use std::any::Any;
use std::panic;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::{Failure, Submission, remains};

/// How long a criterion may take. It is a guard against hangs and measures
/// nothing: a criterion is done in a few seconds, also on a slow machine.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// How long a criterion whose processes are all dead may take to notice.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The thread of each criterion is called so.
const THREAD: &str = "criterion";

pub(super) type Check =
    Box<dyn FnOnce(&Submission) -> Result<(), Failure> + Send>;

/// What there is to know of a criterion before it is checked.
#[derive(Clone)]
pub(super) struct Criterion {
    pub points: u32,
    /// A short name that never changes.
    pub slug: &'static str,
    /// What a student reads.
    pub sentence: &'static str,
}

/// Checks one criterion on a thread of its own, and leaves nothing running.
pub(super) fn check(
    program: &Path,
    seed: u64,
    slug: &str,
    check: Check,
    patience: Duration,
) -> Result<(), Failure> {
    let submission = Arc::new(Submission::new(program, seed, slug));
    let (report, reports) = mpsc::channel();
    let thread = thread::Builder::new().name(THREAD.into()).spawn({
        let submission = Arc::clone(&submission);
        move || {
            let check = panic::AssertUnwindSafe(|| check(&submission));
            let outcome = panic::catch_unwind(check);
            let _ = report.send(outcome.unwrap_or_else(|why| Err(ours(why))));
        }
    });
    let thread = thread.map_err(|error| {
        let question = "is the machine out of threads?";
        Failure::new(format!("cannot start a thread: {error}"), question)
    })?;
    let outcome = match reports.recv_timeout(patience) {
        Ok(outcome) => {
            // It reports last, so it is over in a moment.
            let _ = thread.join();
            outcome
        }
        Err(_) => Err(hung(&submission, &reports, patience)),
    };
    let survivors = remains::sweep();
    remains::reap();
    outcome?;
    match survivors.first() {
        None => Ok(()),
        Some(survivor) => Err(Failure::new(
            format!("process {survivor} can't be killed"),
            "what is it doing in the kernel?",
        )),
    }
}

/// Ends all processes, so that whatever the criterion waits for fails, and
/// says where it hung. If it waits for something else, it is left behind.
fn hung(
    submission: &Submission,
    reports: &Receiver<Result<(), Failure>>,
    patience: Duration,
) -> Failure {
    let step = submission.current_step();
    let mut scene = String::from("processes when the time was over:\n");
    for process in remains::living() {
        scene += &format!("  {process}\n");
    }
    submission.give_up();
    let deadline = Instant::now() + LAST_WORDS;
    let last_words = loop {
        // It may have been starting another one.
        remains::sweep();
        match reports.recv_timeout(Duration::from_millis(20)) {
            Ok(outcome) => break outcome.err(),
            Err(RecvTimeoutError::Disconnected) => break None,
            Err(RecvTimeoutError::Timeout) if Instant::now() > deadline => {
                break None;
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    };
    if let Some(failure) = last_words {
        scene += &failure.scene;
    }
    Failure::new(
        format!("hung while {step}"),
        format!(
            "it was ended after {} seconds; what does it wait for?",
            patience.as_secs(),
        ),
    )
    .with_scene(scene)
}

static LAST_PANIC: Mutex<String> = Mutex::new(String::new());

/// Keeps what a criterion says when it panics, for its failure to show.
pub(super) fn catch_panics() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if thread::current().name() == Some(THREAD) {
            let last = LAST_PANIC.lock();
            let mut last = last.unwrap_or_else(PoisonError::into_inner);
            *last = panic.to_string();
        } else {
            usual(panic);
        }
    }));
}

/// A panic of the criterion is no fault of the submission.
fn ours(_why: Box<dyn Any + Send>) -> Failure {
    let last = LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner);
    Failure::new(
        "the grader itself is at fault, not your program",
        "will you report this?",
    )
    .with_scene(&*last)
}
