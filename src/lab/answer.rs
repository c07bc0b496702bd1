use std::time::Instant;

use hyper::{HeaderMap, Response};

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: String,
    /// When the request was written.
    pub sent_at: Instant,
    /// When the listing's line came that the work started, if this was sent
    /// to a route that prints one.
    pub started_at: Option<Instant>,
    /// When the head of the answer arrived.
    pub answered_at: Instant,
    /// The process that did the work, from `served-by: PID/THREAD`; 0 if the
    /// answer does not say.
    pub pid: u32,
    /// The thread that did the work; 0 if the answer does not say.
    pub thread: u32,
    headers: HeaderMap,
}

impl Answer {
    pub(super) fn new(
        sent_at: Instant,
        started_at: Option<Instant>,
        response: Response<String>,
    ) -> Self {
        let (head, body) = response.into_parts();
        let served_by = head.headers.get("served-by");
        let (pid, thread) = served_by
            .and_then(|value| value.to_str().ok()?.split_once('/'))
            .unwrap_or(("0", "0"));
        Answer {
            status: head.status.as_u16(),
            body,
            sent_at,
            started_at,
            answered_at: *head.extensions.get().unwrap_or(&sent_at),
            pid: pid.parse().unwrap_or(0),
            thread: thread.parse().unwrap_or(0),
            headers: head.headers,
        }
    }

    /// A header, if it is there and plain text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// What is known of a request by now.
#[derive(Clone, Debug)]
pub struct Progress {
    /// When it was written.
    pub sent_at: Option<Instant>,
    /// When the listing's line came that the work started. For a request that
    /// has its answer this is final only once `send` has returned.
    pub started_at: Option<Instant>,
    /// What came back, or why nothing ever will.
    pub outcome: Option<Result<Answer, String>>,
}
