//! What can be seen of a replica from outside.

use std::collections::BTreeSet;

use super::Replica;
use crate::id::{ClientId, ReplicaId, Sequence, Timestamp, View};
use crate::message::Commit;
use crate::signature::Signed;

/// Where a replica stands, for whoever watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// The current view, or the one that is wanted.
    pub view: View,
    /// Whether it has started here.
    pub active: bool,
    /// Its primary.
    pub primary: ReplicaId,
    /// h.
    pub low_watermark: Sequence,
    /// H.
    pub high_watermark: Sequence,
    /// The last slot executed.
    pub executed: Sequence,
}

/// How far a slot is at a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotStatus {
    /// How far.
    pub phase: Phase,
    /// How many backups' PREPAREs match the proposal.
    pub prepares: usize,
    /// How many replicas' COMMITs match it, one's own included, and those that came as a proof.
    pub commits: usize,
}

/// The stations of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// No proposal is known.
    Unknown,
    /// A proposal is.
    PrePrepared,
    /// Rule 4 holds.
    Prepared,
    /// Rule 5 holds.
    Committed,
    /// It has executed.
    Executed,
    /// It lies at or below the last stable checkpoint, and is forgotten.
    Stable,
}

impl Replica {
    /// Where it stands.
    #[must_use]
    pub fn status(&self) -> Status {
        Status {
            view: self.view,
            active: self.active,
            primary: self.view.primary(self.config.quorum),
            low_watermark: self.low_watermark(),
            high_watermark: self.high_watermark(),
            executed: self.executed,
        }
    }

    /// How far a slot is.
    #[must_use]
    pub fn slot(&self, sequence: Sequence) -> SlotStatus {
        let slot = self.log.slot(sequence);
        let proposed = slot.and_then(super::log::Slot::proposed);
        let phase = if sequence <= self.low_watermark() {
            Phase::Stable
        } else if sequence <= self.executed {
            Phase::Executed
        } else {
            slot.map_or(Phase::Unknown, |slot| {
                if slot.committed.is_some() {
                    Phase::Committed
                } else if slot.is_prepared_in(self.view) {
                    Phase::Prepared
                } else if proposed.is_some() {
                    Phase::PrePrepared
                } else {
                    Phase::Unknown
                }
            })
        };
        let prepares = slot.map_or(0, |slot| {
            let votes = slot.prepares.values();
            votes
                .filter(|vote| Some(vote.value().digest) == proposed)
                .count()
        });
        let decided = slot.and_then(|slot| slot.committed).or(proposed);
        let commits = slot.map_or(0, |slot| {
            let votes = slot.commits.values().chain(&slot.proof);
            let matching = votes.filter(|vote| Some(vote.value().digest) == decided);
            matching.map(Signed::signer).collect::<BTreeSet<_>>().len()
        });
        SlotStatus {
            phase,
            prepares,
            commits,
        }
    }

    /// The slot above the last stable checkpoint that a request is proposed in or has executed in, if one is known here.
    #[must_use]
    pub fn slot_of(&self, client: ClientId, timestamp: Timestamp) -> Option<Sequence> {
        let names = |digest| {
            self.log.body(digest).is_some_and(|batch| {
                let mut requests = batch.requests.iter().map(Signed::value);
                requests.any(|one| (one.client, one.timestamp) == (client, timestamp))
            })
        };
        self.log
            .after(self.low_watermark())
            .find(|(_, slot)| {
                slot.committed
                    .or_else(|| slot.proposed())
                    .is_some_and(names)
            })
            .map(|(sequence, _)| sequence)
    }

    /// The timestamp of a client's last request that has executed; 0 for none.
    #[must_use]
    pub fn last_timestamp(&self, client: ClientId) -> Timestamp {
        self.requests
            .last_reply(client)
            .map_or(Timestamp(0), |last| last.timestamp)
    }

    /// Whether it votes: one that has lost its memory does not, for a while (rule 23).
    #[must_use]
    pub fn votes(&self) -> bool {
        self.may_vote()
    }

    /// The COMMITs of one view by which a slot above the last stable checkpoint was committed here; empty if it was not.
    #[must_use]
    pub fn commit_certificate(&self, sequence: Sequence) -> &[Signed<Commit>] {
        self.log
            .slot(sequence)
            .map_or(&[], |slot| slot.proof.as_slice())
    }
}
