use std::time::{Duration, Instant};

use serde::Serialize;

use crate::lab::Progress;
use crate::record::trace::Connection;

/// One round of a run: the requests in the order of sending.
pub struct Round {
    /// 1 for the first one.
    pub number: u32,
    /// How many there are.
    pub of: u32,
    /// One for each path, sent or not.
    pub requests: Vec<Request>,
    /// Now, on the round's clock: microseconds since its first request.
    pub now: u64,
    /// Whether nothing can change any more.
    pub over: bool,
}

/// One request, as far as it has come. All times are microseconds since the
/// first request of its round was sent.
#[derive(Clone, Serialize)]
pub struct Request {
    /// Who sends it: A, B, C...
    pub client: String,
    /// The connection it is sent on.
    pub connection: Connection,
    /// The path, with its query.
    pub path: String,
    /// When it was sent.
    pub sent: Option<u64>,
    /// When the listing said that its work began, if it says so.
    pub started: Option<u64>,
    /// When the head of the answer was there.
    pub answered: Option<u64>,
    /// The status of the answer.
    pub status: Option<u16>,
    /// The process that did the work.
    pub pid: Option<u32>,
    /// The thread that did the work.
    pub thread: Option<u32>,
    /// Why there will be no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

impl Round {
    /// What is known of it now. The first `settled` requests have all their
    /// times; another one may lack that of its start, even when answered.
    pub fn new(
        (number, of): (u32, u32),
        planned: &[Request],
        progress: &[Progress],
        settled: usize,
    ) -> Self {
        let origin = progress.first().and_then(|first| first.sent_at);
        let clock = |at: Instant| {
            let since = origin.map(|origin| at.duration_since(origin));
            since.as_ref().map_or(0, Duration::as_micros) as u64
        };
        let mut requests = planned.to_vec();
        for (index, known) in progress.iter().take(planned.len()).enumerate() {
            let request = &mut requests[index];
            request.sent = known.sent_at.map(clock);
            request.started = known.started_at.map(clock);
            match &known.outcome {
                _ if index >= settled => {}
                None => {}
                Some(Ok(answer)) => {
                    request.answered = Some(clock(answer.answered_at));
                    request.status = Some(answer.status);
                    request.pid = Some(answer.pid).filter(|pid| *pid > 0);
                    request.thread = Some(answer.thread).filter(|id| *id > 0);
                }
                Some(Err(reason)) => request.failed = Some(reason.clone()),
            }
        }
        let over = requests.iter().all(Request::is_over);
        Round { number, of, requests, now: clock(Instant::now()), over }
    }

    /// When the last answer was there; now, if one is still awaited.
    pub fn end(&self) -> u64 {
        let last = self.requests.iter().filter_map(|request| request.answered);
        if self.over { last.max().unwrap_or(self.now) } else { self.now }
    }

    /// Those who were answered, in the order of the answers.
    pub fn answered(&self) -> Vec<&Request> {
        let mut answered: Vec<&Request> = self.requests.iter().collect();
        answered.retain(|request| request.answered.is_some());
        answered.sort_by_key(|request| request.answered);
        answered
    }
}

impl Request {
    /// One that is not sent yet.
    pub fn planned(index: usize, path: &str, connection: Connection) -> Self {
        Request {
            client: letters(index),
            connection,
            path: path.to_owned(),
            sent: None,
            started: None,
            answered: None,
            status: None,
            pid: None,
            thread: None,
            failed: None,
        }
    }

    /// Whether nothing can change any more.
    pub fn is_over(&self) -> bool {
        self.answered.is_some() || self.failed.is_some()
    }

    /// How long it waited for its work to begin, if that is known. Where the
    /// listing announces no work, it waited until its answer.
    pub fn waited(&self) -> Option<u64> {
        let begun = self.started.or(self.answered)?;
        Some(begun.saturating_sub(self.sent?))
    }
}

/// A to Z, then AA, AB and so on, as a spreadsheet names its columns.
fn letters(index: usize) -> String {
    let last = char::from(b'A' + (index % 26) as u8);
    match index / 26 {
        0 => last.into(),
        more => format!("{}{last}", letters(more - 1)),
    }
}
