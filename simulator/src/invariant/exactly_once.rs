//! Exactly once: no request executes a second time, nor after a later request of its client.

use std::collections::BTreeMap;

use quorate_protocol::message::Request;
use quorate_protocol::{ClientId, ReplicaId, Sequence, Timestamp};
use quorate_service::Operation;

use crate::words;

/// The rule.
pub const RULE: &str =
    "rule 6: a request executes once, and never after a later request of its client";

/// A request executed again, or too late.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{by} executed {} (its request {}) in slot {} after that client's request {}", words::request(.request), .request.timestamp.0, super::slot(*.sequence), .last.0)]
pub struct ExecutedTwice {
    /// Who executed it.
    pub by: ReplicaId,
    /// Where.
    pub sequence: Sequence,
    /// The request, and its client.
    pub request: Request,
    /// The last request of the client that had executed before.
    pub last: Timestamp,
}

/// The last request of every client at every process.
#[derive(Debug, Default)]
pub struct ExactlyOnce {
    last: BTreeMap<ReplicaId, BTreeMap<ClientId, Timestamp>>,
    /// The requests that executed in each slot, at the first process that executed it.
    history: BTreeMap<Sequence, Vec<(ClientId, Timestamp)>>,
    /// The process that executed each slot first.
    writers: BTreeMap<Sequence, ReplicaId>,
    /// How many operations these requests have.
    operations: usize,
}

impl ExactlyOnce {
    /// A correct process executes a request.
    ///
    /// # Errors
    /// The process has executed this request, or a later request of the same client, before.
    pub fn executed(
        &mut self,
        by: ReplicaId,
        sequence: Sequence,
        request: &Request,
    ) -> Result<(), ExecutedTwice> {
        let (client, timestamp) = (request.client, request.timestamp);
        if *self.writers.entry(sequence).or_insert(by) == by {
            let slot = self.history.entry(sequence).or_default();
            if !slot.contains(&(client, timestamp)) {
                slot.push((client, timestamp));
                self.operations += Operation::parts(&request.operation).len();
            }
        }
        let last = self
            .last
            .entry(by)
            .or_default()
            .insert(client, timestamp)
            .unwrap_or_default();
        if timestamp > last {
            return Ok(());
        }
        Err(ExecutedTwice {
            by,
            sequence,
            request: request.clone(),
            last,
        })
    }

    /// The last request of each client that a process has executed.
    #[must_use]
    pub fn of(&self, by: ReplicaId) -> Option<&BTreeMap<ClientId, Timestamp>> {
        self.last.get(&by)
    }

    /// How many operations some correct process has executed.
    #[must_use]
    pub const fn operations(&self) -> usize {
        self.operations
    }

    /// A process starts again, or takes over the state of others: it counts as having executed all slots up to this one.
    pub fn stands_at(&mut self, by: ReplicaId, sequence: Sequence) {
        let executed = self.history.range(..=sequence);
        let last = executed.flat_map(|(_, requests)| requests.iter().copied());
        self.last.insert(by, last.collect());
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
                let request = Request::new(
                    ClientId::named(ReplicaId(0), "c"),
                    Timestamp(*timestamp),
                    Vec::new(),
                );
                once.executed(ReplicaId(0), Sequence(1), &request)
            });
            assert_eq!(result.is_ok(), fine, "{timestamps:?}");
            once.stands_at(ReplicaId(0), Sequence(0));
            once.stands_at(ReplicaId(1), Sequence(1));
            let request =
                Request::new(ClientId::named(ReplicaId(0), "c"), Timestamp(1), Vec::new());
            assert!(once.executed(ReplicaId(0), Sequence(1), &request).is_ok());
            assert!(once.executed(ReplicaId(1), Sequence(2), &request).is_err());
        }
    }
}
