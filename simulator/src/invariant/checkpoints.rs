//! Checkpoints match: correct processes have the same state at the same slot.

use std::collections::BTreeMap;

use quorate_protocol::{Digest, ReplicaId, Sequence, SignedMessage};

/// The rule.
pub const RULE: &str = "rule 8: the CHECKPOINTs of correct processes for one slot have one digest";

/// Two correct processes have different states at one slot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("after slot {} the state of {first} differs from that of {second}", super::slot(*.sequence))]
pub struct CheckpointsDiffer {
    /// The slot.
    pub sequence: Sequence,
    /// Who sent its CHECKPOINT first.
    pub first: ReplicaId,
    /// What.
    pub first_digest: Digest,
    /// Who sent a different CHECKPOINT.
    pub second: ReplicaId,
    /// What.
    pub second_digest: Digest,
}

/// The first CHECKPOINT of each slot.
#[derive(Debug, Default)]
pub struct Checkpoints {
    first: BTreeMap<Sequence, (ReplicaId, Digest)>,
}

impl Checkpoints {
    /// A correct process sends a message to all.
    ///
    /// # Errors
    /// The message is a CHECKPOINT that differs from that of another correct process.
    pub fn said(
        &mut self,
        by: ReplicaId,
        message: &SignedMessage,
    ) -> Result<(), CheckpointsDiffer> {
        let SignedMessage::Checkpoint(checkpoint) = message else {
            return Ok(());
        };
        let (sequence, second_digest) = (checkpoint.value().sequence, checkpoint.value().digest);
        let (first, first_digest) = *self.first.entry(sequence).or_insert((by, second_digest));
        if first_digest == second_digest {
            return Ok(());
        }
        Err(CheckpointsDiffer {
            sequence,
            first,
            first_digest,
            second: by,
            second_digest,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Checkpoints;
    use quorate_protocol::message::Checkpoint;
    use quorate_protocol::{ClusterId, Digest, Keys, Message, ReplicaId, Sequence};

    #[test]
    fn another_state_at_a_slot_is_found() {
        let mut checkpoints = Checkpoints::default();
        let mut said = |by, slot, state| {
            let checkpoint = Checkpoint {
                sequence: Sequence(slot),
                digest: Digest([state; 32]),
            };
            let mut keys = Keys::simulated(ReplicaId(by), 4, ClusterId([7; 32]));
            let signed = keys.sign_message(Message::Checkpoint(checkpoint)).unwrap();
            checkpoints.said(ReplicaId(by), &signed.into_signed())
        };
        assert_eq!(said(0, 8, 1), Ok(()));
        assert_eq!(said(1, 8, 1), Ok(()));
        assert_eq!(said(1, 16, 2), Ok(()));
        assert!(said(2, 8, 2).is_err());
    }
}
