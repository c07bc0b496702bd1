//! A run as a reader's two terminals show it.
//!
//! The first one starts the listing, the second one asks. The commands can be
//! copied. Two things are not as they were recorded: the recorder lets the
//! kernel choose a port, and here stands the one that a reader gets; and
//! `curl` prints microseconds, here rounded to milliseconds.
//!
//! Each of four regions goes into a fenced block of its own:
//! `terminal_1_command`, `terminal_1_output`, `terminal_2_commands` and
//! `terminal_2_output`.

use std::fmt::Write;

use super::Trace;
use super::figure::seconds;
use super::trace::{Connection, Event, Request, What};

/// Where a listing listens unless its reader says otherwise.
const PORT: &str = "3001";

/// What comes within this time comes at once: nobody types faster.
const AT_ONCE: u64 = 50_000;

/// Enough for a request to reach its handler before the next one is sent.
const ENOUGH: u64 = 100_000;

/// As many equal requests at once are a loop.
const LOOP: usize = 3;

/// The four regions, as one text.
pub fn text(trace: &Trace) -> String {
    let mut text = String::new();
    for (name, lines) in [
        ("terminal_1_command", command(trace)),
        ("terminal_1_output", printed(trace)),
        ("terminal_2_commands", asked(trace)),
        ("terminal_2_output", answered(trace)),
    ] {
        let lines = lines.trim_end();
        let _ = writeln!(text, "ANCHOR: {name}\n{lines}\nANCHOR_END: {name}");
    }
    text
}

/// The line that starts the listing.
fn command(trace: &Trace) -> String {
    let mut command = String::new();
    for (name, value) in &trace.variables {
        let _ = write!(command, "{name}={} ", quoted(value));
    }
    let _ = write!(command, "cargo run -p {}", trace.listing);
    if let Some(stage) = &trace.stage {
        let _ = write!(command, " --bin {stage}");
    }
    // Counting to a billion takes many times as long without it.
    if trace.listing == "workers" || trace.variables.contains_key("COUNT") {
        command += " --release";
    }
    command
}

/// What the listing printed, all that a terminal shows.
fn printed(trace: &Trace) -> String {
    let recorded = trace.output.iter().find_map(|line| {
        let (_, rest) = line.text.split_once("http://127.0.0.1:")?;
        let digits = rest.find(|c: char| !c.is_ascii_digit());
        Some(format!("127.0.0.1:{}", &rest[..digits.unwrap_or(rest.len())]))
    });
    let mut output = String::new();
    for line in &trace.output {
        let mut text = line.text.clone();
        if let Some(recorded) = &recorded {
            text = text.replace(recorded, &address(trace));
        }
        let _ = writeln!(output, "{text}");
    }
    output
}

/// What the reader types while the listing runs.
fn asked(trace: &Trace) -> String {
    let tabs = trace.requests.iter().all(is_tab);
    let mut commands = String::new();
    if !tabs {
        let _ = writeln!(commands, "w='{}'", write_out(trace).0);
    }
    let mut steps: Vec<Step> = Vec::new();
    steps.extend(trace.requests.iter().map(Step::Ask));
    let killed = |event: &&Event| {
        event.what == What::Died
            && event.thread.is_none()
            && event.signal.is_some()
    };
    steps.extend(trace.events.iter().filter(killed).map(Step::Kill));
    steps.sort_by_key(Step::at);

    let mut busy = 0;
    let mut rest = &steps[..];
    let mut last: Option<&Step> = None;
    while let [step, ..] = rest {
        let equal = match step {
            Step::Ask(first) => alike(first, rest),
            Step::Kill(_) => 1,
        };
        let (these, later) = rest.split_at(equal);
        if let Some(last) = last {
            pause(&mut commands, last, step);
        }
        let next = later.first().map(Step::at);
        write_step(&mut commands, trace, these, next, &mut busy);
        last = these.last();
        rest = later;
    }
    if let Some(last) = last
        && busy > last.done()
        && !tabs
    {
        commands += "wait\n";
    }
    commands
}

/// Something that the reader does.
enum Step<'a> {
    Ask(&'a Request),
    Kill(&'a Event),
}

impl Step<'_> {
    fn at(&self) -> u64 {
        match self {
            Step::Ask(request) => request.sent,
            Step::Kill(event) => event.at,
        }
    }

    fn done(&self) -> u64 {
        match self {
            Step::Ask(request) => request.answered,
            Step::Kill(event) => event.at,
        }
    }
}

/// How many of the steps are one request, sent again and again at once.
fn alike(first: &Request, steps: &[Step]) -> usize {
    let same = |step: &Step| match step {
        Step::Ask(it) => {
            it.path == first.path
                && it.method == first.method
                && it.connection == first.connection
                && it.sent - first.sent <= AT_ONCE
                && !is_tab(it)
        }
        Step::Kill(_) => false,
    };
    let equal = steps.iter().take_while(|step| same(step)).count();
    // One after the other is no loop of things that happen together.
    let together =
        steps[..equal].iter().all(|it| it.done() > steps[equal - 1].at());
    if equal >= LOOP && together { equal } else { 1 }
}

/// The time that the reader lets pass between two steps.
fn pause(commands: &mut String, last: &Step, next: &Step) {
    // A command that has ended is not waited for twice.
    let since = if last.done() <= next.at() { last.done() } else { last.at() };
    let mut pause = next.at() - since;
    let different = match (last, next) {
        (Step::Ask(last), Step::Ask(next)) => {
            last.path != next.path && last.started.is_some()
        }
        _ => false,
    };
    if different && last.done() > next.at() {
        pause = pause.max(ENOUGH);
    }
    if pause >= AT_ONCE {
        let tenths = (pause + 50_000) / 100_000;
        let time = match tenths % 10 {
            0 => format!("{}", tenths / 10),
            tenth => format!("{}.{tenth}", tenths / 10),
        };
        let _ = writeln!(commands, "sleep {time}");
    }
}

/// One command, in the background if there is something to do before it ends.
fn write_step(
    commands: &mut String,
    trace: &Trace,
    steps: &[Step],
    next: Option<u64>,
    busy: &mut u64,
) {
    let request = match &steps[0] {
        Step::Kill(event) => {
            let signal = event.signal.as_deref().unwrap_or("SIGTERM");
            let signal = signal.trim_start_matches("SIG");
            let _ = writeln!(commands, "kill -{signal} {}", event.pid);
            return;
        }
        Step::Ask(request) => request,
    };
    let url = quoted(&format!("http://{}{}", address(trace), request.path));
    if is_tab(request) {
        let _ = writeln!(commands, "# {}: {url}", request.client);
        return;
    }
    if request.connection == Connection::Kept {
        commands.push_str("# on a connection that is open already:\n");
    }
    let method = match request.method.as_str() {
        "GET" => String::new(),
        method => format!("-X {method} "),
    };
    let curl = format!("curl {method}-w \"$w\" {url}");
    let done = steps.iter().map(Step::done).max().unwrap_or_default();
    let behind = next.is_some_and(|next| next < done);
    if steps.len() > 1 {
        let _ = writeln!(
            commands,
            "for i in $(seq {}); do\n  {curl} &\ndone",
            steps.len()
        );
        *busy = done.saturating_add(1);
    } else if behind {
        let _ = writeln!(commands, "{curl} &");
        *busy = done.max(*busy);
    } else {
        let _ = writeln!(commands, "{curl}");
    }
}

/// What `curl` prints, in the order of the answers.
fn answered(trace: &Trace) -> String {
    let mut order: Vec<&Request> = trace.requests.iter().collect();
    order.sort_by_key(|request| request.answered);
    let (_, with_status) = write_out(trace);
    let mut output = String::new();
    for request in order {
        let Request { client, status, body, pid, thread, .. } = request;
        if is_tab(request) {
            let _ = write!(output, "{client}: ");
        }
        output += body;
        let time = seconds(request.answered - request.sent);
        let status = match with_status {
            true => format!("{status}, "),
            false => String::new(),
        };
        let _ =
            writeln!(output, "  ({status}{time} s, served-by {pid}/{thread})");
    }
    output
}

/// What `curl` prints after a body, and whether the status is part of it: if
/// all is well, it says nothing new.
fn write_out(trace: &Trace) -> (&'static str, bool) {
    if trace.requests.iter().all(|request| request.status == 200) {
        (r"  (%{time_total} s, served-by %header{served-by})\n", false)
    } else {
        (
            r"  (%{http_code}, %{time_total} s, served-by %header{served-by})\n",
            true,
        )
    }
}

fn address(trace: &Trace) -> String {
    let port = trace.variables.get("PORT").map_or(PORT, String::as_str);
    format!("127.0.0.1:{port}")
}

/// A browser's tab is no terminal, so its line is a comment.
fn is_tab(request: &Request) -> bool {
    request.client.starts_with("tab")
}

/// A word as a shell needs it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
