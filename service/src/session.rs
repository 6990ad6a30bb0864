//! One process as a client of the cluster. The reply table keeps one timestamp per client (rule 6), so a process has one
//! request under way at a time; what it wants meanwhile goes into the next.

use quorate_protocol::message::Request;
use quorate_protocol::{ClientId, Timestamp};

/// The requests of one client, one after another.
#[derive(Debug)]
pub struct Session {
    client: ClientId,
    last: Timestamp,
    under_way: bool,
}

impl Session {
    /// A session of a client whose requests so far, in earlier lives, have no greater timestamps than `last`.
    #[must_use]
    pub const fn new(client: ClientId, last: Timestamp) -> Self {
        Self {
            client,
            last,
            under_way: false,
        }
    }

    /// Whether the next request may go out.
    #[must_use]
    pub const fn is_free(&self) -> bool {
        !self.under_way
    }

    /// The next request; the session is busy until its reply.
    pub fn request(&mut self, operation: Vec<u8>) -> Request {
        self.last = Timestamp(self.last.0 + 1);
        self.under_way = true;
        Request {
            client: self.client,
            timestamp: self.last,
            operation,
        }
    }

    /// One of this process's requests has executed: if it was the last, the next may go out.
    pub fn on_done(&mut self, timestamp: Timestamp) {
        if timestamp == self.last {
            self.under_way = false;
        }
    }
}
