//! Total order: slot after slot, without a gap.

use std::collections::BTreeMap;

use quorate_protocol::{ReplicaId, Sequence};

/// The rule.
pub const RULE: &str = "rule 5: every correct process executes slot 1, 2, 3 and so on, each once";

/// A correct process executed a slot that was not its next slot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{by} executed slot {} after slot {}", super::slot(*.sequence), super::slot(*.last))]
pub struct OutOfOrder {
    /// Who.
    pub by: ReplicaId,
    /// What it executed.
    pub sequence: Sequence,
    /// What it had executed before.
    pub last: Sequence,
}

/// The last slot of each process.
#[derive(Debug, Default)]
pub struct TotalOrder {
    last: BTreeMap<ReplicaId, Sequence>,
}

impl TotalOrder {
    /// A correct process executes a slot.
    ///
    /// # Errors
    /// The slot is not the next slot of this process.
    pub fn executed(&mut self, by: ReplicaId, sequence: Sequence) -> Result<(), OutOfOrder> {
        let last = self.last.insert(by, sequence).unwrap_or_default();
        if sequence == last.next() {
            Ok(())
        } else {
            Err(OutOfOrder { by, sequence, last })
        }
    }

    /// A process starts again, or takes over the state of others: it has now executed up to this slot.
    pub fn stands_at(&mut self, by: ReplicaId, sequence: Sequence) {
        self.last.insert(by, sequence);
    }
}

#[cfg(test)]
mod tests {
    use super::TotalOrder;
    use quorate_protocol::{ReplicaId, Sequence};

    #[test]
    fn gaps_and_repetitions_are_found() {
        for (slots, fine) in [
            (vec![1, 2, 3], true),
            (vec![1, 3], false),
            (vec![1, 1], false),
            (vec![2], false),
        ] {
            let mut order = TotalOrder::default();
            let result = slots
                .iter()
                .try_for_each(|n| order.executed(ReplicaId(0), Sequence(*n)));
            assert_eq!(result.is_ok(), fine, "{slots:?}");
        }
        let mut order = TotalOrder::default();
        order.stands_at(ReplicaId(0), Sequence(8));
        assert!(order.executed(ReplicaId(0), Sequence(1)).is_err());
    }
}
