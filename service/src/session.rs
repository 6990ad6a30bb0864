//! A process as a client of its own cluster. The reply table keeps one timestamp per client (rule 6), so a process has
//! one request under way at a time. What it wants to order meanwhile goes into the next request.

use quorate_protocol::message::Request;
use quorate_protocol::{ClientId, Timestamp};

/// The requests of one client, one after another.
#[derive(Clone, Debug)]
pub struct Session {
    client: ClientId,
    last: Timestamp,
    /// The operation of the request under way.
    under_way: Option<Vec<u8>>,
}

impl Session {
    /// `last` should be at least the timestamp of every request that the client made before, in earlier lives too. If it
    /// is not, [`Session::catch_up`] makes up for it.
    #[must_use]
    pub const fn new(client: ClientId, last: Timestamp) -> Self {
        Self {
            client,
            last,
            under_way: None,
        }
    }

    /// True if no request is under way.
    #[must_use]
    pub const fn is_free(&self) -> bool {
        self.under_way.is_none()
    }

    /// The client.
    #[must_use]
    pub const fn client(&self) -> ClientId {
        self.client
    }

    /// Makes the next request. The session is busy until [`Session::on_done`] names this request.
    pub fn request(&mut self, operation: Vec<u8>) -> Request {
        self.last = Timestamp(self.last.0.saturating_add(1));
        self.under_way = Some(operation.clone());
        Request::new(self.client, self.last, operation)
    }

    /// The request under way will not execute any more. Returns it again with a later timestamp.
    pub fn renew(&mut self) -> Option<Request> {
        let operation = self.under_way.take()?;
        Some(self.request(operation))
    }

    /// A request of this process has executed. If it was the last one, the next may go out.
    pub fn on_done(&mut self, timestamp: Timestamp) {
        if timestamp == self.last {
            self.under_way = None;
        }
    }

    /// `executed` is the timestamp of the client's last executed request in the replica's reply table. It can be later
    /// than expected: an earlier life, whose memory is lost, may have been further. All replicas then refuse the request
    /// under way. Returns it again with a later timestamp. Call this after [`Session::on_done`], for everything that has
    /// executed.
    pub fn catch_up(&mut self, executed: Timestamp) -> Option<Request> {
        if executed < self.last || (executed == self.last && self.is_free()) {
            return None;
        }
        self.last = executed;
        self.renew()
    }
}

#[cfg(test)]
mod tests {
    use super::Session;
    use quorate_protocol::{ClientId, ReplicaId, Timestamp};

    #[test]
    fn a_session_whose_earlier_life_was_further_goes_on_above_it() {
        let mut session = Session::new(ClientId::from(ReplicaId(1)), Timestamp(5));
        let refused = session.request(b"vote".to_vec());
        assert_eq!(refused.timestamp, Timestamp(6));
        // The table is behind, as long as the state of the others is not installed.
        assert_eq!(session.catch_up(Timestamp(0)), None);
        let again = session.catch_up(Timestamp(900)).unwrap();
        assert_eq!(again.timestamp, Timestamp(901));
        assert_eq!(again.operation, refused.operation);
        assert!(!session.is_free());
        session.on_done(Timestamp(6));
        assert!(!session.is_free());
        session.on_done(Timestamp(901));
        assert!(session.is_free());
        assert_eq!(session.catch_up(Timestamp(901)), None);
        assert_eq!(session.catch_up(Timestamp(2000)), None);
        assert_eq!(session.request(Vec::new()).timestamp, Timestamp(2001));
    }

    #[test]
    fn a_timestamp_that_another_request_of_an_earlier_life_has_taken_is_not_waited_for() {
        let mut session = Session::new(ClientId::from(ReplicaId(1)), Timestamp(5));
        session.request(b"vote".to_vec());
        let again = session.catch_up(Timestamp(6)).unwrap();
        assert_eq!(again.timestamp, Timestamp(7));
    }
}
