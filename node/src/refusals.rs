//! What this process refused before it counted, by the sender that its batches name: what `status` says of it.

use std::collections::BTreeMap;

use quorate_protocol::{Misbehaviour, ReplicaId};
use quorate_wire::method::RefusedStatus;

/// For each sender the number of refused batches, and what was wrong with the first.
#[derive(Debug, Default)]
pub(crate) struct Refusals(BTreeMap<ReplicaId, (u64, String)>);

impl Refusals {
    pub(crate) fn note(&mut self, sender: ReplicaId, misbehaviour: &Misbehaviour) {
        let first = || (0, misbehaviour.to_string());
        let (batches, _) = self.0.entry(sender).or_insert_with(first);
        *batches = batches.saturating_add(1);
    }

    pub(crate) fn status(&self) -> Vec<RefusedStatus> {
        let refused = self.0.iter();
        let refused = refused.map(|(sender, (batches, why))| RefusedStatus {
            sender: sender.to_string(),
            batches: *batches,
            why: why.clone(),
        });
        refused.collect()
    }
}

#[cfg(test)]
mod tests {
    use quorate_protocol::{Misbehaviour, ReplicaId};

    use super::Refusals;

    #[test]
    fn the_refused_batches_of_a_sender_are_counted_and_the_first_reason_is_kept() {
        let mut refusals = Refusals::default();
        let (p, q) = (ReplicaId(0), ReplicaId(1));
        refusals.note(q, &Misbehaviour::BadSignature { signer: p });
        refusals.note(q, &Misbehaviour::BadSignature { signer: q });
        let [told] = &refusals.status()[..] else {
            panic!("one sender");
        };
        assert_eq!((told.sender.as_str(), told.batches), ("Q", 2));
        assert_eq!(told.why, "the signature of P is not valid in this cluster");
    }
}
