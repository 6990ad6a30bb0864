//! Agreement: one batch per slot.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use quorate_protocol::message::Request;
use quorate_protocol::{ReplicaId, Sequence};

use crate::words;

/// The rule.
pub const RULE: &str =
    "rules 5 and 12: no two correct processes execute different requests in one slot";

/// Two correct processes executed different requests in one slot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Disagreement {
    /// The slot.
    pub sequence: Sequence,
    /// Who executed first.
    pub first: ReplicaId,
    /// The requests, in their order.
    pub first_requests: Vec<Request>,
    /// Who executed something else.
    pub second: ReplicaId,
    /// The requests, in their order.
    pub second_requests: Vec<Request>,
    /// The processes that the disagreement proves faulty.
    pub culprits: BTreeSet<ReplicaId>,
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, second) = words::batches(&self.first_requests, &self.second_requests);
        write!(
            f,
            "slot {}: {} executed {first}, {} executed {second}; proved faulty: {}",
            self.sequence.0,
            self.first,
            self.second,
            names(&self.culprits)
        )
    }
}

/// The first execution of each slot, and its process.
#[derive(Debug, Default)]
pub struct Agreement {
    slots: BTreeMap<Sequence, (ReplicaId, Vec<Request>)>,
}

impl Agreement {
    /// A correct process executes a slot.
    ///
    /// # Errors
    /// Another correct process has executed other requests in this slot.
    pub fn executed(
        &mut self,
        by: ReplicaId,
        sequence: Sequence,
        requests: &[Request],
    ) -> Result<(), Disagreement> {
        let (first, first_requests) = self
            .slots
            .entry(sequence)
            .or_insert_with(|| (by, requests.to_vec()));
        if first_requests == requests {
            return Ok(());
        }
        Err(Disagreement {
            sequence,
            first: *first,
            first_requests: first_requests.clone(),
            second: by,
            second_requests: requests.to_vec(),
            culprits: BTreeSet::new(),
        })
    }
}

fn names(processes: &BTreeSet<ReplicaId>) -> String {
    let names: Vec<String> = processes.iter().map(ReplicaId::to_string).collect();
    if names.is_empty() {
        "nobody".to_owned()
    } else {
        names.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::Agreement;
    use quorate_protocol::message::Request;
    use quorate_protocol::{ReplicaId, Sequence, Timestamp};

    #[test]
    fn another_request_in_a_slot_is_found() {
        let request =
            |operation: &[u8]| Request::new(ReplicaId(0).into(), Timestamp(1), operation.to_vec());
        let mut agreement = Agreement::default();
        let mut execute = |who, slot, requests: &[Request]| {
            agreement.executed(ReplicaId(who), Sequence(slot), requests)
        };
        assert_eq!(execute(0, 1, &[request(b"a")]), Ok(()));
        assert_eq!(execute(1, 1, &[request(b"a")]), Ok(()));
        assert_eq!(execute(0, 2, &[request(b"b")]), Ok(()));
        let error = execute(2, 1, &[request(b"b")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "slot 1: P executed 'a' of P, R executed 'b' of P; proved faulty: nobody"
        );
        assert!(execute(3, 1, &[]).is_err());
    }
}
