use std::sync::Arc;
use std::time::Instant;

use super::client::{Ticket, Wire};
use super::{Answer, Error};

/// The times of a request, as far as they have come.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// When it was written.
    pub sent_at: Option<Instant>,
    /// When the listing's line came that its work started.
    pub started_at: Option<Instant>,
    /// When the whole answer was there, or was known not to come.
    pub ended_at: Option<Instant>,
}

/// A request that is on its way. Dropped, it lets go of its connection: if
/// nobody else keeps that open, the client leaves.
pub struct Pending {
    pub(super) wire: Arc<Wire>,
    pub(super) ticket: Ticket,
    pub(super) request: String,
}

impl Pending {
    /// Waits for the answer.
    ///
    /// # Errors
    ///
    /// When the connection ends without one, or the listing hangs.
    pub fn answer(self) -> Result<Answer, Error> {
        let run = &self.wire.run;
        let what = format!("an answer to {}", self.request);
        let (known, outcome) = run.wait(&what, |state| {
            let known = &state.requests[self.ticket.0];
            let outcome = known.outcome.clone()?;
            Some(((known.sent_at, known.started_at), outcome))
        })?;
        match (known, outcome) {
            ((Some(sent_at), started_at), Ok(response)) => {
                Ok(Answer::new(sent_at, started_at, response))
            }
            (_, outcome) => Err(Error::NoAnswer {
                request: self.request.clone(),
                reason: outcome.err().unwrap_or_default(),
                scene: run.scene(),
            }),
        }
    }

    /// Whether the answer is there already.
    pub fn is_answered(&self) -> bool {
        let state = self.wire.run.state();
        state.requests[self.ticket.0].outcome.is_some()
    }

    /// What is known of its times so far.
    pub fn times(&self) -> Times {
        let state = self.wire.run.state();
        let known = &state.requests[self.ticket.0];
        Times {
            sent_at: known.sent_at,
            started_at: known.started_at,
            ended_at: known.ended_at,
        }
    }

    /// Leaves without waiting for the answer, as dropping does.
    pub fn abandon(self) {}

    /// Waits until the request is in the kernel's hands.
    pub(super) fn written(self) -> Result<Self, Error> {
        let what = format!("{} to be sent", self.request);
        self.wire.run.wait(&what, |state| {
            let known = &state.requests[self.ticket.0];
            (known.sent_at.is_some() || known.outcome.is_some()).then_some(())
        })?;
        Ok(self)
    }
}
