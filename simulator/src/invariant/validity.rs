//! Validity: only what a client asked for executes.

use std::collections::BTreeMap;

use quorate_protocol::message::Request;
use quorate_protocol::{ClientId, ReplicaId, Sequence, Timestamp};

use crate::words;

/// The rule.
pub const RULE: &str =
    "rule 2: what executes in a correct client's name is what that client asked for";

/// Something executed that its client never asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{by} executed {} (its request {}) in slot {}, which that client never asked for", words::request(.request), .request.timestamp.0, super::slot(*.sequence))]
pub struct NeverAsked {
    /// Who executed it.
    pub by: ReplicaId,
    /// Where.
    pub sequence: Sequence,
    /// What, and in whose name.
    pub request: Request,
}

/// What each correct client asked for.
#[derive(Debug)]
pub struct Validity {
    correct: Vec<ReplicaId>,
    asked: BTreeMap<(ClientId, Timestamp), Vec<u8>>,
}

impl Validity {
    /// Nothing asked for yet; what is not of these clients may be anything that they sign.
    #[must_use]
    pub const fn new(correct: Vec<ReplicaId>) -> Self {
        let asked = BTreeMap::new();
        Self { correct, asked }
    }

    fn is_correct(&self, client: ClientId) -> bool {
        matches!(client, ClientId::Process(process) if self.correct.contains(&process))
    }

    /// A client asks.
    pub fn asked(&mut self, request: &Request) {
        if self.is_correct(request.client) {
            let key = (request.client, request.timestamp);
            self.asked.insert(key, request.operation.clone());
        }
    }

    /// A correct process executes a request.
    ///
    /// # Errors
    /// Its client is correct and never asked for it.
    pub fn executed(
        &self,
        by: ReplicaId,
        sequence: Sequence,
        request: &Request,
    ) -> Result<(), NeverAsked> {
        let (client, timestamp) = (request.client, request.timestamp);
        let asked = self.asked.get(&(client, timestamp));
        if !self.is_correct(client) || asked == Some(&request.operation) {
            return Ok(());
        }
        Err(NeverAsked {
            by,
            sequence,
            request: request.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Validity;
    use quorate_protocol::message::Request;
    use quorate_protocol::{ClientId, ReplicaId, Sequence, Timestamp};

    #[test]
    fn what_a_correct_client_never_asked_for_is_found() {
        let request = |client, timestamp, operation: &[u8]| Request {
            client: ClientId::Process(ReplicaId(client)),
            timestamp: Timestamp(timestamp),
            operation: operation.to_vec(),
        };
        let mut validity = Validity::new(vec![ReplicaId(1), ReplicaId(2)]);
        validity.asked(&request(1, 1, b"a"));
        let executed = |r: &Request| validity.executed(ReplicaId(2), Sequence(1), r);
        assert_eq!(executed(&request(1, 1, b"a")), Ok(()));
        assert_eq!(
            executed(&request(0, 7, b"a liar signs what it likes")),
            Ok(())
        );
        assert!(executed(&request(1, 1, b"b")).is_err());
        assert!(executed(&request(1, 2, b"a")).is_err());
    }
}
