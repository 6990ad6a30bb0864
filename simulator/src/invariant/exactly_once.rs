//! Exactly once: no request executes a second time, nor after a later one of its client.

use std::collections::BTreeMap;

use quorate_protocol::message::Request;
use quorate_protocol::{ClientId, ReplicaId, Sequence, Timestamp};

/// The rule.
pub const RULE: &str = "rule 6: a request executes once, and never after a later one of its client";

/// A request executed again, or too late.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{by} executed number {} of {} in slot {} after number {}", .timestamp.0, ReplicaId(.client.0), super::slot(*.sequence), .last.0)]
pub struct ExecutedTwice {
    /// Who executed it.
    pub by: ReplicaId,
    /// Where.
    pub sequence: Sequence,
    /// Whose it is.
    pub client: ClientId,
    /// Its number.
    pub timestamp: Timestamp,
    /// The client's last that had executed before.
    pub last: Timestamp,
}

/// The last request of every client at every process.
#[derive(Debug, Default)]
pub struct ExactlyOnce {
    last: BTreeMap<(ReplicaId, ClientId), Timestamp>,
}

impl ExactlyOnce {
    /// A correct process executes a request.
    ///
    /// # Errors
    /// It has executed it, or a later one of the same client, before.
    pub fn executed(
        &mut self,
        by: ReplicaId,
        sequence: Sequence,
        request: &Request,
    ) -> Result<(), ExecutedTwice> {
        let (client, timestamp) = (request.client, request.timestamp);
        let last = self
            .last
            .insert((by, client), timestamp)
            .unwrap_or_default();
        if timestamp > last {
            return Ok(());
        }
        Err(ExecutedTwice {
            by,
            sequence,
            client,
            timestamp,
            last,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::ExactlyOnce;
    use quorate_protocol::message::Request;
    use quorate_protocol::{ClientId, ReplicaId, Sequence, Timestamp};

    #[test]
    fn a_repetition_and_a_step_back_are_found() {
        for (timestamps, fine) in [
            (vec![1, 2, 4], true),
            (vec![1, 1], false),
            (vec![2, 1], false),
        ] {
            let mut once = ExactlyOnce::default();
            let result = timestamps.iter().try_for_each(|timestamp| {
                let request = Request {
                    client: ClientId(1),
                    timestamp: Timestamp(*timestamp),
                    operation: Vec::new(),
                };
                once.executed(ReplicaId(0), Sequence(1), &request)
            });
            assert_eq!(result.is_ok(), fine, "{timestamps:?}");
        }
    }
}
