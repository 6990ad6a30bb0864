//! Validity: only requests that a client sent execute.

use std::collections::BTreeSet;

use quorate_protocol::message::Request;
use quorate_protocol::{ClientId, Digest, ReplicaId, Sequence};

use crate::words;

/// The rule.
pub const RULE: &str =
    "rule 2: a request that executes in a correct client's name is one that this client sent";

/// A request executed that its client never sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{by} executed {} (its request {}) in slot {}, which that client never asked for", words::request(.request), .request.timestamp.0, super::slot(*.sequence))]
pub struct NeverAsked {
    /// Who executed it.
    pub by: ReplicaId,
    /// Where.
    pub sequence: Sequence,
    /// The request, and its client.
    pub request: Request,
}

/// The requests of each correct client.
#[derive(Debug)]
pub struct Validity {
    correct: Vec<ReplicaId>,
    asked: BTreeSet<Digest>,
}

impl Validity {
    /// No request yet. Only these clients are correct; all others may sign anything.
    #[must_use]
    pub const fn new(correct: Vec<ReplicaId>) -> Self {
        let asked = BTreeSet::new();
        Self { correct, asked }
    }

    fn is_correct(&self, client: ClientId) -> bool {
        client
            .speaker()
            .is_none_or(|process| self.correct.contains(&process))
    }

    /// A client sends a request.
    pub fn asked(&mut self, request: &Request) {
        if self.is_correct(request.client) {
            self.asked.insert(request.digest());
        }
    }

    /// A correct process executes a request.
    ///
    /// # Errors
    /// The client is correct and never sent the request.
    pub fn executed(
        &self,
        by: ReplicaId,
        sequence: Sequence,
        request: &Request,
    ) -> Result<(), NeverAsked> {
        if !self.is_correct(request.client) || self.asked.contains(&request.digest()) {
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
    use quorate_protocol::{ReplicaId, Sequence, Timestamp};

    #[test]
    fn what_a_correct_client_never_asked_for_is_found() {
        let request = |client, timestamp, operation: &[u8]| {
            Request::new(
                ReplicaId(client).into(),
                Timestamp(timestamp),
                operation.to_vec(),
            )
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
