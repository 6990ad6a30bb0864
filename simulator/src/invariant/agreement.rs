//! Agreement: one batch per slot.

use std::collections::{BTreeMap, BTreeSet};

use quorate_protocol::message::Request;
use quorate_protocol::{Digest, ReplicaId, Sequence};

/// The rule.
pub const RULE: &str =
    "rules 5 and 12: no two correct processes execute different requests in one slot";

/// Two correct processes executed different requests in one slot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("in slot {} {first} executed {first_digest} and {second} executed {second_digest}; proved faulty: {}", super::slot(*.sequence), names(.culprits))]
pub struct Disagreement {
    /// The slot.
    pub sequence: Sequence,
    /// Who executed first.
    pub first: ReplicaId,
    /// What.
    pub first_digest: Digest,
    /// Who executed something else.
    pub second: ReplicaId,
    /// What.
    pub second_digest: Digest,
    /// Who is proved faulty by it.
    pub culprits: BTreeSet<ReplicaId>,
}

/// What was executed first in each slot, and by whom.
#[derive(Debug, Default)]
pub struct Agreement {
    slots: BTreeMap<Sequence, (ReplicaId, Digest)>,
}

impl Agreement {
    /// A correct process executes a slot.
    ///
    /// # Errors
    /// Another has executed something else there.
    pub fn executed(
        &mut self,
        by: ReplicaId,
        sequence: Sequence,
        requests: &[Request],
    ) -> Result<(), Disagreement> {
        let second_digest = digest(requests);
        let (first, first_digest) = *self.slots.entry(sequence).or_insert((by, second_digest));
        if first_digest == second_digest {
            return Ok(());
        }
        Err(Disagreement {
            sequence,
            first,
            first_digest,
            second: by,
            second_digest,
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

fn digest(requests: &[Request]) -> Digest {
    let numbers: Vec<String> = requests
        .iter()
        .map(|request| format!("{}/{}", request.client, request.timestamp.0))
        .collect();
    let parts = requests.iter().zip(&numbers);
    let parts: Vec<&[u8]> = parts
        .flat_map(|(r, number)| [number.as_bytes(), &r.operation])
        .collect();
    Digest::of(&parts)
}

#[cfg(test)]
mod tests {
    use super::Agreement;
    use quorate_protocol::message::Request;
    use quorate_protocol::{ClientId, ReplicaId, Sequence, Timestamp};

    #[test]
    fn another_request_in_a_slot_is_found() {
        let request = |operation: &[u8]| Request {
            client: ClientId::Process(ReplicaId(0)),
            timestamp: Timestamp(1),
            operation: operation.to_vec(),
        };
        let mut agreement = Agreement::default();
        let mut execute = |who, slot, requests: &[Request]| {
            agreement.executed(ReplicaId(who), Sequence(slot), requests)
        };
        assert_eq!(execute(0, 1, &[request(b"a")]), Ok(()));
        assert_eq!(execute(1, 1, &[request(b"a")]), Ok(()));
        assert_eq!(execute(0, 2, &[request(b"b")]), Ok(()));
        let error = execute(2, 1, &[request(b"b")]).unwrap_err();
        assert_eq!((error.first, error.second), (ReplicaId(0), ReplicaId(2)));
        assert!(execute(3, 1, &[]).is_err());
    }
}
