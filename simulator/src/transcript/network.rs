//! The messages in flight between the replicas, and the rules for them.

use std::collections::{BTreeSet, VecDeque};

use quorate_protocol::{Duration, ReplicaId, Time};

use super::filter::Filter;
use super::parcel::Parcel;

/// The reason for the loss of a message between two processes that are cut off from each other.
pub(super) const CUT: &str = "cut off";

/// The fate of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is lost.
    Drop,
    /// It waits for `release`.
    Hold,
    /// It arrives after this delay.
    Delay(Duration),
}

/// A rule: the messages that it applies to, and their fate.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    fate: Fate,
    filter: Filter,
}

impl Rule {
    pub(super) const fn new(fate: Fate, filter: Filter) -> Self {
        Self { fate, filter }
    }
}

/// The messages in flight, and the rules for them. The first rule that applies to a message counts.
#[derive(Debug, Default)]
pub(super) struct Network {
    pub(super) queue: VecDeque<Parcel>,
    held: Vec<Parcel>,
    pub(super) late: Vec<(Time, Parcel)>,
    pub(super) rules: Vec<Rule>,
    pub(super) cuts: BTreeSet<(ReplicaId, ReplicaId)>,
}

impl Network {
    /// Ends the rules. Messages that were held are in flight again.
    pub(super) fn release(&mut self) {
        self.rules.clear();
        self.queue.extend(self.held.drain(..));
    }

    /// Takes the next message that arrives now. Messages that are lost before it go to `lost`, with the reason.
    pub(super) fn next(
        &mut self,
        now: Time,
        mut lost: impl FnMut(&Parcel, &'static str),
    ) -> Option<Parcel> {
        while let Some(parcel) = self.queue.pop_front() {
            if self.cuts.contains(&(parcel.from, parcel.to)) {
                lost(&parcel, CUT);
                continue;
            }
            let rule = self.rules.iter().find(|rule| rule.filter.matches(&parcel));
            match rule.map(|rule| rule.fate) {
                None => return Some(parcel),
                Some(Fate::Drop) => lost(&parcel, "dropped"),
                Some(Fate::Hold) => self.held.push(parcel),
                Some(Fate::Delay(span)) => self.late.push((now + span, parcel)),
            }
        }
        None
    }
}
