//! A process as a client of its own cluster. The reply table keeps one timestamp per client (rule 6), so a process has
//! one request under way at a time. What it wants to order meanwhile goes into the next request.

use quorate_protocol::message::Request;
use quorate_protocol::{ClientId, Timestamp};

/// The requests of one client, one after another.
#[derive(Clone, Debug)]
pub struct Session {
    client: ClientId,
    last: Timestamp,
    under_way: bool,
}

impl Session {
    /// `last` is at least the timestamp of every request that the client made before, in earlier lives too.
    #[must_use]
    pub const fn new(client: ClientId, last: Timestamp) -> Self {
        Self {
            client,
            last,
            under_way: false,
        }
    }

    /// True if no request is under way.
    #[must_use]
    pub const fn is_free(&self) -> bool {
        !self.under_way
    }

    /// Makes the next request. The session is busy until [`Session::on_done`] names this request.
    pub fn request(&mut self, operation: Vec<u8>) -> Request {
        self.last = Timestamp(self.last.0 + 1);
        self.under_way = true;
        Request::new(self.client, self.last, operation)
    }

    /// A request of this process has executed. If it was the last one, the next may go out.
    pub fn on_done(&mut self, timestamp: Timestamp) {
        if timestamp == self.last {
            self.under_way = false;
        }
    }
}
