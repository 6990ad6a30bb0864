//! Starting again with an empty disk (rule 23). The replica does not vote until a checkpoint is stable above every slot
//! that its earlier life can have voted for. After that it votes only in views that its earlier life cannot have left.
//!
//! Two bounds follow from what a quorum of the others tell this life:
//!
//! * Slots. Say that checkpoint h was stable here before. Then a correct replica in the quorum had executed h. Its own
//!   stable checkpoint s is at most one window below h, and this replica voted for slots at most one window above h. So
//!   it voted for no slot above s + 2L.
//! * Views. A replica asks for view w in two cases: f+1 others ask for w or more; or it has seen a quorum, perhaps with
//!   itself, ask for w-1 or more. A replica that started view w-1 has seen that quorum, and one that still waits for
//!   view w-1 goes on only after it (rule 15). In both cases so many correct others had asked for w-1 that every quorum
//!   contains one of them. So the earlier life asked for no view above the highest one that the quorum tells of, plus
//!   one. This life votes from that view on. Since no VIEW-CHANGE of the earlier life is for a higher view, none leaves
//!   out a vote of this life.
//!
//! A liar can tell of a view that nobody has asked for. A view is believed only if f+1 replicas tell of it or of the
//! view before. A replica that has come back in this way itself tells of the view from which it votes, and that covers
//! what it has forgotten. Until that view comes, the others go on without its votes. If they cannot, they change the
//! view.

use std::collections::BTreeMap;

use super::Replica;
use crate::config::Config;
use crate::id::{ReplicaId, Sequence, View};
use crate::message::Recall;
use crate::mutant::Mutant;
use crate::record::Record;

/// What a replica that has lost its memory knows about how far its earlier life can have been.
#[derive(Clone, Debug, Default)]
pub(super) struct Rejoin {
    /// What the others have told this life.
    heard: BTreeMap<ReplicaId, Reach>,
    /// The bounds, once a quorum is believed.
    bound: Option<Reach>,
}

/// How far a replica is.
#[derive(Clone, Copy, Debug)]
struct Reach {
    sequence: Sequence,
    view: View,
}

impl Replica {
    /// A replica that joins a running cluster again after it has lost its memory.
    #[must_use]
    pub fn rejoin(config: Config) -> Self {
        let mut replica = Self::new(config);
        let votes = replica.is_mutant(Mutant::VotesAfterLoss);
        replica.rejoin = (!votes).then(Rejoin::default);
        replica
    }

    /// Whether it must not vote yet. It still sends CHECKPOINTs: they only state a fact.
    pub(super) const fn rejoins(&self) -> bool {
        self.rejoin.is_some()
    }

    /// Whether it may vote in the current view.
    pub(super) fn may_vote(&self) -> bool {
        !self.rejoins() && self.view >= self.first_view
    }

    /// Whether it may start the current view as primary. Its earlier life may have started `first_view` with another
    /// NEW-VIEW.
    pub(super) fn may_start_view(&self) -> bool {
        self.first_view == View(0) || self.view > self.first_view
    }

    /// What this replica tells one that has lost its memory. If it has lost its own, it tells nothing.
    pub(super) fn recall_for(&self, life: u64) -> Option<Recall> {
        let view = self.view.max(self.first_view);
        (!self.rejoins()).then_some(Recall { life, view })
    }

    /// A peer has told how far it is. Its stable checkpoint is proved.
    pub(super) fn hear_while_rejoining(
        &mut self,
        from: ReplicaId,
        sequence: Sequence,
        recall: Option<Recall>,
    ) {
        let to_this_life = recall.filter(|recall| recall.life == self.config.life);
        if let Some(Recall { view, .. }) = to_this_life
            && let Some(rejoin) = &mut self.rejoin
            && from != self.config.replica
        {
            rejoin.hear(from, Reach { sequence, view }, &self.config);
        }
        self.vote_again();
    }

    /// Begins to vote again, once the stable checkpoint has reached the bound.
    pub(super) fn vote_again(&mut self) {
        let bound = self.rejoin.as_ref().and_then(|rejoin| rejoin.bound);
        if let Some(Reach { sequence, view }) = bound
            && self.low_watermark() >= sequence
        {
            self.rejoin = None;
            self.first_view = if self.is_mutant(Mutant::VotesInLeftViews) {
                View(0)
            } else {
                view
            };
            self.persist(Record::VotesFrom(self.first_view));
            self.repeat_votes();
        }
    }
}

impl Rejoin {
    fn hear(&mut self, from: ReplicaId, reach: Reach, config: &Config) {
        if self.bound.is_none() {
            self.heard.insert(from, reach);
            self.bound = self.compute_bound(config);
        }
    }

    /// How far the earlier life can have been, once a quorum of the others is believed.
    fn compute_bound(&self, config: &Config) -> Option<Reach> {
        let mut views: Vec<View> = self.heard.values().map(|reach| reach.view).collect();
        views.sort_unstable_by(|a, b| b.cmp(a));
        // At least one of the f+1 replicas that tell of this view, or of a higher one, is correct.
        let known = views.get(config.quorum.one_correct() - 1)?;
        let believed: Vec<&Reach> = self
            .heard
            .values()
            .filter(|reach| reach.view <= known.next())
            .collect();
        if believed.len() < config.quorum.size() {
            return None;
        }
        let furthest = believed.iter().map(|reach| reach.sequence).max()?;
        let latest = believed.iter().map(|reach| reach.view).max()?;
        Some(Reach {
            sequence: config.high_watermark(config.high_watermark(furthest)),
            view: latest.next(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::{Reach, Rejoin};
    use crate::config::Config;
    use crate::id::{ReplicaId, Sequence, View};
    use crate::quorum::Quorum;

    /// The first view with votes, after the last of `n` replicas has lost its memory and the others tell of these
    /// views, one after another.
    fn first_view(n: u32, said: &[u64]) -> Option<u64> {
        let config = Config::new(ReplicaId(n - 1), Quorum::of(NonZeroU32::new(n).unwrap()));
        let mut rejoin = Rejoin::default();
        for (from, view) in (0..).zip(said) {
            let reach = Reach {
                sequence: Sequence(0),
                view: View(*view),
            };
            rejoin.hear(ReplicaId(from), reach, &config);
        }
        rejoin.bound.map(|bound| bound.view.0)
    }

    #[test]
    fn rule_23_votes_begin_one_view_above_the_highest_that_a_quorum_tells_of() {
        assert_eq!(first_view(4, &[0, 0]), None);
        assert_eq!(first_view(4, &[0, 0, 0]), Some(1));
        assert_eq!(first_view(4, &[2, 3, 2]), Some(4));
        assert_eq!(first_view(7, &[5, 5, 5, 5, 6]), Some(7));
    }

    #[test]
    fn rule_23_a_view_that_too_few_replicas_tell_of_is_not_believed() {
        assert_eq!(first_view(4, &[0, 0, 9]), None);
        assert_eq!(first_view(7, &[1, 9, 1, 9, 1]), None);
        assert_eq!(first_view(7, &[1, 9, 1, 2, 1, 1]), Some(3));
    }
}
