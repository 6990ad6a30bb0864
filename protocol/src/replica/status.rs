//! What observers can see of a replica.

use std::collections::BTreeSet;

use super::Replica;
use super::testimony::Statement;
use crate::digest::Digest;
use crate::id::{ClientId, ReplicaId, Sequence, Timestamp, View};
use crate::message::Commit;
use crate::part::Part;
use crate::signature::Signed;

/// Where a replica is, for observers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// The current view, or the one that the replica asks for.
    pub view: View,
    /// Whether that view has started here.
    pub active: bool,
    /// That view's primary.
    pub primary: ReplicaId,
    /// h, the last stable checkpoint.
    pub low_watermark: Sequence,
    /// H, the highest slot that may be proposed.
    pub high_watermark: Sequence,
    /// The last slot executed.
    pub executed: Sequence,
    /// The last slot of which the replica knows anything. While it is correct it signs nothing about later ones.
    pub last_slot: Sequence,
}

/// How far a slot is, at one replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotStatus {
    /// The last phase that the slot has reached.
    pub phase: Phase,
    /// The number of backups whose PREPARE matches the proposal.
    pub prepares: usize,
    /// The number of replicas whose COMMIT matches the batch. It includes this replica's own and those of a commit
    /// proof.
    pub commits: usize,
}

/// What a replica knows of a slot in its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InLog {
    /// The slot.
    pub sequence: Sequence,
    /// The digest of the batch that is proposed in the current view, if any is.
    pub proposed: Option<Digest>,
    /// Whether it is prepared in the current view (rule 4).
    pub prepared: bool,
    /// The digest of the batch that is committed, if any is (rule 5).
    pub committed: Option<Digest>,
    /// The view of the COMMITs that commit it. It need not be the current one.
    pub committed_in: Option<View>,
}

/// The phases of a slot, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// No proposal is known.
    Unknown,
    /// A proposal is known.
    PrePrepared,
    /// The slot is prepared in the current view (rule 4).
    Prepared,
    /// The slot is committed (rule 5).
    Committed,
    /// It has executed.
    Executed,
    /// The slot is at or below the last stable checkpoint and has left the log.
    Stable,
}

impl Replica {
    /// Where this replica is.
    #[must_use]
    pub fn status(&self) -> Status {
        Status {
            view: self.view,
            active: self.active,
            primary: self.view.primary(self.config.quorum),
            low_watermark: self.low_watermark(),
            high_watermark: self.high_watermark(),
            executed: self.executed,
            last_slot: self.last_slot(),
        }
    }

    pub(super) fn last_slot(&self) -> Sequence {
        self.log.last().unwrap_or_default().max(self.executed)
    }

    /// How far the slots after this one are, those in the log.
    pub fn in_log(&self, after: Sequence) -> impl Iterator<Item = InLog> + '_ {
        let known = |(sequence, slot): (Sequence, &super::log::Slot)| InLog {
            sequence,
            proposed: slot.proposed(),
            prepared: slot.is_prepared_in(self.view),
            committed: slot.committed,
            committed_in: slot.proof.first().map(|commit| commit.value().view),
        };
        self.log.after(after).map(known)
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
        SlotStatus {
            phase,
            prepares: self.prepared_by(sequence).len(),
            commits: self.committed_by(sequence).len(),
        }
    }

    /// The backups whose PREPAREs for the proposal are here, those included that decided nothing, so that nobody checked their
    /// signatures; none once the slot is stable.
    #[must_use]
    pub fn prepared_by(&self, sequence: Sequence) -> BTreeSet<ReplicaId> {
        let Some(slot) = self.log.slot(sequence) else {
            return BTreeSet::new();
        };
        let surplus = slot.surplus.iter().filter_map(|vote| match vote {
            Statement::Prepare(vote) if vote.value().view == self.view => Some(vote),
            _ => None,
        });
        let proposed = slot.proposed();
        let votes = slot.prepares.values().chain(surplus);
        let matching = votes.filter(|vote| Some(vote.value().digest) == proposed);
        matching.map(Signed::signer).collect()
    }

    /// The replicas whose COMMITs for what was committed, or else for the proposal, are here, those of a proof included, and those
    /// that decided nothing; none once the slot is stable.
    #[must_use]
    pub fn committed_by(&self, sequence: Sequence) -> BTreeSet<ReplicaId> {
        let Some(slot) = self.log.slot(sequence) else {
            return BTreeSet::new();
        };
        let decided = slot.committed.or_else(|| slot.proposed());
        let surplus = slot.surplus.iter().filter_map(|vote| match vote {
            Statement::Commit(vote) => Some(vote),
            _ => None,
        });
        let votes = slot.commits.values().chain(&slot.proof).chain(surplus);
        let matching = votes.filter(|vote| Some(vote.value().digest) == decided);
        matching.map(Signed::signer).collect()
    }

    /// The replicas whose VIEW-CHANGEs for this view, and for no later one, were heard here.
    #[must_use]
    pub fn asked_for(&self, view: View) -> BTreeSet<ReplicaId> {
        let asked = self.view_changes.for_view(view);
        asked.map(Signed::signer).collect()
    }

    /// The slot of a request: where it is proposed or committed. `None` if no slot above the last stable checkpoint has
    /// it.
    #[must_use]
    pub fn slot_of(&self, client: ClientId, timestamp: Timestamp) -> Option<Sequence> {
        let names = |digest| {
            self.log.body(digest).is_some_and(|batch| {
                let mut requests = batch.requests().iter().map(Signed::value);
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

    /// The timestamp of a client's last executed request; 0 if none has executed.
    #[must_use]
    pub fn last_timestamp(&self, client: ClientId) -> Timestamp {
        self.requests
            .last_reply(client)
            .map_or(Timestamp(0), |last| last.timestamp)
    }

    /// The timestamp and the digest of a client's last executed request. `None` if none has executed.
    #[must_use]
    pub fn last_request(&self, client: ClientId) -> Option<(Timestamp, Digest)> {
        let last = self.requests.last_reply(client)?;
        Some((last.timestamp, last.request))
    }

    /// The digests of the parts of the reply table. Equal tables have equal parts.
    #[must_use]
    pub fn reply_table(&self) -> Vec<Digest> {
        let parts = self.requests.replies().parts();
        parts.iter().map(Part::digest).collect()
    }

    /// Whether a client's request, signed after a slot, may have executed and have been forgotten with its client. It does not
    /// execute any more.
    #[must_use]
    pub fn is_expired(&self, client: ClientId, after: Sequence) -> bool {
        self.requests.is_expired(client, after)
    }

    /// The last slot that this replica has executed. A request that is signed now executes in a later one.
    #[must_use]
    pub const fn executed(&self) -> Sequence {
        self.executed
    }

    /// Whether this replica votes in the current view. A replica that has lost its memory does not vote for a while
    /// (rule 23).
    #[must_use]
    pub fn votes(&self) -> bool {
        self.may_vote()
    }

    /// The COMMITs of one view that committed this slot. Empty if the slot is not committed, or is at or below the last
    /// stable checkpoint.
    #[must_use]
    pub fn commit_certificate(&self, sequence: Sequence) -> &[Signed<Commit>] {
        self.log
            .slot(sequence)
            .map_or(&[], |slot| slot.proof.as_slice())
    }
}
