use std::path::Path;
use std::sync::{Mutex, PoisonError};

use unblocked::record::scenario::Scenario;
use unblocked::record::shape::Shape;
use unblocked::record::trace::Machine;
use unblocked::record::{Trace, Work, command, has_chromium, perform};

/// Long enough for ten children to start, on one core too, before the first
/// of them is done.
const SHORT: Work =
    Work { block_ms: Some(1500), count: Some(15_000_000), release: false };

/// One run at a time: each takes all the cores.
static MACHINE: Mutex<()> = Mutex::new(());

fn recorded(name: &str) -> Trace {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(command::FOLDER);
    Trace::read(&folder.join(format!("{name}.json"))).expect("a trace")
}

/// A short run; nothing if it needs a browser and there is none.
fn fresh(name: &str) -> Option<Trace> {
    let scenario = Scenario::named(name).expect("a scenario");
    if scenario.needs_chromium() && !has_chromium() {
        let message = "no chromedriver: install chromium and chromium-driver";
        assert!(std::env::var_os("CI").is_none(), "{message}");
        eprintln!("skipped: {message}");
        return None;
    }
    let _alone = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let machine = Machine {
        date: String::new(),
        processor: String::new(),
        cores: 0,
        kernel: String::new(),
        rustc: String::new(),
        commit: String::new(),
    };
    Some(perform(scenario, SHORT, machine).expect("a run"))
}

/// A test for each scenario, and one that there is a test for each.
macro_rules! scenarios {
    ($($test:ident: $name:literal,)*) => {
        $(#[test]
        fn $test() {
            let Some(fresh) = fresh($name) else { return };
            let difference = Shape::of(&recorded($name)).difference(&fresh);
            assert_eq!(difference, None, "{}", fresh.text());
        })*

        #[test]
        fn no_scenario_is_left_out() {
            let all = unblocked::record::scenario::ALL;
            let all: Vec<&str> = all.iter().map(|it| it.name).collect();
            assert_eq!(all, [$($name),*]);
        }
    };
}

scenarios! {
    one_thread_lets_the_fast_one_wait: "blocked-two-clients",
    eight_threads_freeze_on_an_open_connection:
        "blocked-multi-thread-kept-open",
    eight_threads_serve_on_a_fresh_connection: "blocked-multi-thread-fresh",
    a_child_lets_nobody_wait: "fork-two-clients",
    ten_children_end_with_the_clock: "fork-ten-clients",
    ten_children_share_the_cores: "fork-ten-clients-real-work",
    chromium_sends_one_of_three: "fork-chrome-same-url",
    chromium_sends_three_urls: "fork-chrome-other-url",
    an_answer_that_is_not_stored_changes_nothing:
        "fork-chrome-no-store-response",
    a_fetch_past_the_cache_is_sent: "fork-chrome-fetch-no-store",
    a_post_is_sent: "fork-chrome-post",
    another_worker_answers: "cluster-two-clients",
    two_workers_are_too_few_for_three: "cluster-one-more-than-workers",
    a_killed_worker_is_not_replaced: "cluster-worker-killed",
    a_thread_lets_nobody_wait: "workers-two-clients",
    four_threads_share_the_cores: "workers-more-than-cores",
}

#[test]
fn a_shape_tells_runs_apart() {
    let (blocked, forked) =
        (recorded("blocked-two-clients"), recorded("fork-two-clients"));
    assert_eq!(Shape::of(&blocked).difference(&blocked), None);
    // The same requests, answered in the other order by other processes.
    let difference = Shape::of(&forked).difference(&blocked);
    let difference = difference.expect("a difference");
    assert!(difference.contains("recorded: B is answered before A"));
    assert!(difference.contains("recorded: 2 processes answer"));

    let (one, three) =
        (recorded("fork-chrome-same-url"), recorded("fork-chrome-post"));
    let difference = Shape::of(&one).difference(&three).expect("a difference");
    assert!(difference.contains("recorded: 1 at work at once"));

    let mut alive = recorded("cluster-worker-killed");
    alive.events.clear();
    let killed = Shape::of(&recorded("cluster-worker-killed"));
    let difference = killed.difference(&alive).expect("a difference");
    assert!(difference.contains("now: 0 go"));
}
