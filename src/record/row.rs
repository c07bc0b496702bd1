use std::time::Instant;

use super::trace::Connection;

/// A request that has come to its end.
pub struct Row {
    pub client: String,
    pub connection: Connection,
    pub method: String,
    pub path: String,
    pub sent: Instant,
    pub started: Option<Instant>,
    pub answered: Instant,
    pub status: u16,
    pub body: String,
    pub pid: u32,
    pub thread: u32,
}
