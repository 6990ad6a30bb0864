//! Coming back with nothing on disk (rule 23): no vote until a checkpoint is stable above all that this replica can have
//! voted for in its earlier life, and none in a view that the earlier life can have left.
//!
//! How far that is follows from what a quorum of the others say to this very life.
//!
//! * Slots. Whatever checkpoint h was stable here, a correct one of them had executed through h. Its own stable checkpoint s
//!   is at most a window behind that, and no vote went further than a window above h: so none lies above s + 2L.
//! * Views. A replica asks for view w when f+1 others want w or more, or when a quorum, itself perhaps among them, has asked
//!   for w-1 or more: one that has started view w-1 has seen that quorum, and one that still waits for it goes on only after
//!   it (rule 15). Either way enough correct others had asked for w-1 for one of them to be in every quorum: so the earlier
//!   life asked for nothing above the highest view that they tell of, plus one. It votes from that view on. No VIEW-CHANGE of
//!   it is above, and so none leaves out what it votes for now.
//!
//! A liar can tell of views that nobody has asked for: it is believed only if f+1 tell of that view or the one before. Who
//! has come back in this way itself tells of the view from which it votes, which covers what it has forgotten. Until the
//! view comes the others have to do without this one's votes; if they cannot, they change the view.

use std::collections::BTreeMap;

use super::Replica;
use crate::config::Config;
use crate::id::{ReplicaId, Sequence, View};
use crate::message::Recall;
use crate::mutant::Mutant;
use crate::record::Record;

/// What a replica that lost its memory has learned about how far it can have been.
#[derive(Clone, Debug, Default)]
pub(super) struct Rejoin {
    /// What the others have said to this life.
    heard: BTreeMap<ReplicaId, Reach>,
    /// What the first quorum of them comes to.
    bound: Option<Reach>,
}

/// How far a replica is.
#[derive(Clone, Copy, Debug)]
struct Reach {
    sequence: Sequence,
    view: View,
}

impl Replica {
    /// A replica of a running cluster that remembers nothing of it.
    #[must_use]
    pub fn rejoin(config: Config) -> Self {
        let mut replica = Self::new(config);
        let votes = replica.is_mutant(Mutant::VotesAfterLoss);
        replica.rejoin = (!votes).then(Rejoin::default);
        replica
    }

    /// Whether it must not vote yet. CHECKPOINTs are no votes in this sense: they say what is so.
    pub(super) const fn rejoins(&self) -> bool {
        self.rejoin.is_some()
    }

    /// Whether it may vote in the current view.
    pub(super) fn may_vote(&self) -> bool {
        !self.rejoins() && self.view >= self.first_view
    }

    /// Whether it may start the current view: not one that its earlier life can have started in another way.
    pub(super) fn may_start_view(&self) -> bool {
        self.first_view == View(0) || self.view > self.first_view
    }

    /// What one that lost its memory is told; one that has lost its own has nothing to tell.
    pub(super) fn recall_for(&self, life: u64) -> Option<Recall> {
        let view = self.view.max(self.first_view);
        (!self.rejoins()).then_some(Recall { life, view })
    }

    /// A peer has said how far it is; its stable checkpoint is proved.
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

    /// Ends the silence if the bound is passed.
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

    /// How far the earlier life can have been, once a quorum of others is believed.
    fn compute_bound(&self, config: &Config) -> Option<Reach> {
        let mut views: Vec<View> = self.heard.values().map(|reach| reach.view).collect();
        views.sort_unstable_by(|a, b| b.cmp(a));
        // One of those that tell of this view, or of a higher one, is correct.
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

    /// The first view with votes after a loss at the last of `n` replicas, when the others say these views in turn.
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
    fn rule_23_the_views_left_end_one_above_what_a_quorum_of_others_tells_of() {
        assert_eq!(first_view(4, &[0, 0]), None);
        assert_eq!(first_view(4, &[0, 0, 0]), Some(1));
        assert_eq!(first_view(4, &[2, 3, 2]), Some(4));
        assert_eq!(first_view(7, &[5, 5, 5, 5, 6]), Some(7));
    }

    #[test]
    fn rule_23_a_view_that_too_few_tell_of_is_not_believed() {
        assert_eq!(first_view(4, &[0, 0, 9]), None);
        assert_eq!(first_view(7, &[1, 9, 1, 9, 1]), None);
        assert_eq!(first_view(7, &[1, 9, 1, 2, 1, 1]), Some(3));
    }
}
