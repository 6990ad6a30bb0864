//! The slot of each request, as the nodes report it: one slot for a request, and one request for a slot.

use std::collections::BTreeMap;

use crate::finding::{Findings, ONE_SLOT};

/// The slot that a node gives a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot {
    pub(super) view: u64,
    pub(super) sequence: u64,
}

/// The fault of a request with two slots.
const TWICE: &str = "two slots for one request";

/// The reports of correct nodes.
#[derive(Debug)]
pub(super) struct Slots {
    /// Whether a slot may have several requests.
    batches: bool,
    /// Whether nodes must know a request that comes again.
    exactly_once: bool,
    /// The request of each slot, and the node that reported it first.
    requests: BTreeMap<Slot, (String, String)>,
    /// The slot of each request in each view, and the node that reported it first.
    numbers: BTreeMap<(String, u64), (u64, String)>,
}

impl Slots {
    pub(super) const fn new(batches: bool, exactly_once: bool) -> Self {
        Self {
            batches,
            exactly_once,
            requests: BTreeMap::new(),
            numbers: BTreeMap::new(),
        }
    }

    /// A node reports that a request, given in words, has this slot.
    pub(super) fn told(&mut self, node: &str, request: &str, slot: Slot, findings: &mut Findings) {
        let Slot { view, sequence } = slot;
        let first = || (request.to_owned(), node.to_owned());
        let (other, by) = self.requests.entry(slot).or_insert_with(first);
        if other != request && !self.batches {
            findings.blame(
                node,
                ONE_SLOT,
                format!(
                    "sequence_number {sequence} in view {view} is given to {request}, and {by} has given it to {other}: each request has its own (or say --batches)"
                ),
            );
        }
        let numbered = self.numbers.entry((request.to_owned(), view));
        let (number, by) = numbered.or_insert_with(|| (sequence, node.to_owned()));
        if *number == sequence {
            return;
        }
        let text = format!(
            "{request} has sequence_number {sequence} in view {view}, and by {by} it has {number}"
        );
        if self.exactly_once {
            let text = format!("{text}: client and msg_id name a request, and it is ordered once");
            findings.blame(node, TWICE, text);
        } else {
            // The nodes were not told that a request may come again, at another node, when an answer is late.
            findings.note(TWICE, format!("{text}; with --retransmit this is a fault"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Slot, Slots};
    use crate::finding::Findings;

    fn kinds(told: &[(&str, &str, u64, u64)]) -> Vec<&'static str> {
        kinds_with(Slots::new(false, true), told)
    }

    fn kinds_with(mut slots: Slots, told: &[(&str, &str, u64, u64)]) -> Vec<&'static str> {
        let mut findings = Findings::default();
        for (node, request, view, sequence) in told {
            let (view, sequence) = (*view, *sequence);
            slots.told(node, request, Slot { view, sequence }, &mut findings);
        }
        findings.into_all().iter().map(|one| one.kind).collect()
    }

    #[test]
    fn a_slot_and_a_request_belong_together_within_a_view() {
        assert!(kinds(&[("n1", "a", 0, 1), ("n2", "a", 0, 1), ("n1", "b", 0, 2)]).is_empty());
        // A view change may give what was not prepared another number.
        assert!(kinds(&[("n1", "a", 0, 1), ("n2", "b", 1, 1), ("n2", "a", 1, 2)]).is_empty());
        assert_eq!(
            kinds(&[("n1", "a", 0, 1), ("n1", "b", 0, 1)]),
            ["one slot for two requests"]
        );
        assert_eq!(
            kinds(&[("n1", "a", 0, 1), ("n2", "a", 0, 2)]),
            ["two slots for one request"]
        );
    }

    #[test]
    fn batches_and_requests_that_come_twice_can_be_allowed() {
        let (one, two) = (("n1", "a", 0, 1), ("n1", "b", 0, 1));
        assert!(kinds_with(Slots::new(true, true), &[one, two]).is_empty());
        let (mut slots, mut findings) = (Slots::new(false, false), Findings::default());
        for (node, sequence) in [("n1", 1), ("n2", 2)] {
            slots.told(node, "a", Slot { view: 0, sequence }, &mut findings);
        }
        assert!(findings.is_empty());
        assert_eq!(findings.notes().len(), 1);
    }
}
