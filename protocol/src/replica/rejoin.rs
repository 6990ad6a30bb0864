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
//! what it has forgotten.
//!
//! Neither bound is reached by itself: an idle cluster executes nothing, and a healthy one changes no view. So the others
//! help (`docs/adr/0004-help-a-replica-to-vote-again.md`). The primary proposes null batches while nothing else waits. The
//! others leave a primary that has lost its memory or proposes nothing, and they leave a view that is too low for a replica
//! that may vote again. A liar can ask for this help too, so each peer gets it only so often.

use std::collections::BTreeMap;

use super::Replica;
use crate::config::Config;
use crate::id::{ReplicaId, Sequence, View};
use crate::message::{Batch, Memory, Recall};
use crate::mutant::Mutant;
use crate::record::Record;
use crate::time::{Duration, Time};

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

    /// What this replica tells the others of its memory.
    pub(super) fn memory(&self) -> Memory {
        if self.rejoins() {
            let life = self.config.life;
            Memory::Lost { life }
        } else if self.first_view > self.view {
            Memory::VotesFrom(self.first_view)
        } else {
            Memory::Whole
        }
    }

    /// What this replica tells one that has lost its memory. If it has lost its own, it tells nothing.
    pub(super) fn recall_for(&self, memory: Memory) -> Option<Recall> {
        let Memory::Lost { life } = memory else {
            return None;
        };
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
            self.leave_proved_primary();
        }
    }
}

/// The help that one peer has had (rule 28).
#[derive(Clone, Debug, Default)]
pub(super) struct Help {
    /// Its last life that has asked.
    life: Option<u64>,
    /// When null slots were last proposed for it.
    proposed: Time,
    /// The stable checkpoint at which this replica last left a view for it.
    left_at: Option<Sequence>,
}

/// The most null slots that a primary proposes at a time.
const NULLS: u64 = 32;
/// How far above this replica's view the first one can be in which a replica without memory votes.
const VIEWS: u64 = 3;

impl Replica {
    /// Helps a peer that has lost its memory to vote again.
    pub(super) fn help_to_vote_again(&mut self, peer: ReplicaId, memory: Memory) {
        match memory {
            _ if self.is_mutant(Mutant::NoHelpToVote) => {}
            Memory::Whole => {}
            Memory::Lost { life } => self.help_to_the_bound(peer, life),
            Memory::VotesFrom(view) => self.help_to_a_view(peer, view),
        }
    }

    /// Whether some peer says that it has lost its memory, and so needs null slots.
    pub(super) fn somebody_needs_nulls(&self) -> bool {
        let mut peers = self.standings.values();
        peers.any(|known| known.needs_nulls(self.now, &self.config))
    }

    /// A primary without memory cannot propose: it is left at once, once in each of its lives. For another peer this
    /// replica, as primary, proposes null batches, so that checkpoints become stable in an idle cluster too.
    fn help_to_the_bound(&mut self, peer: ReplicaId, life: u64) {
        let help = self.helped_peers.entry(peer).or_default();
        let is_new = help.life.is_none_or(|known| life > known);
        if is_new {
            help.life = Some(life);
        }
        if self.active && peer == self.primary() {
            if is_new {
                self.start_view_change(self.view.next());
            }
        } else if help_is_due(self.helped_peers.get(&peer), self.now, &self.config) {
            self.propose_nulls(peer);
        }
    }

    /// Proposes null batches, if nothing else waits or is in flight.
    fn propose_nulls(&mut self, peer: ReplicaId) {
        let idle = self.requests.unproposed().0 == 0 && self.last_proposed <= self.executed;
        if !self.active || !self.is_primary() || !self.may_vote() || !idle {
            return;
        }
        let Some(help) = self.helped_peers.get_mut(&peer) else {
            return;
        };
        help.proposed = self.now;
        let end = Sequence(self.executed.0.saturating_add(NULLS));
        while self.last_proposed < end && self.last_proposed < self.high_watermark() {
            self.propose_batch(Batch::null());
        }
    }

    /// A peer votes only from a later view on, so this replica asks for that view. A peer that lost its memory once more
    /// could not say so again before the checkpoint had moved by a window.
    fn help_to_a_view(&mut self, peer: ReplicaId, first: View) {
        let low = self.low_watermark();
        let help = self.helped_peers.entry(peer).or_default();
        let moved = |at| low >= self.config.high_watermark(at);
        if !self.active || self.view >= first || !help.left_at.is_none_or(moved) {
            return;
        }
        help.left_at = Some(low);
        let led_by_it = first.primary(self.config.quorum) == peer;
        let wanted = if led_by_it { first.next() } else { first };
        let furthest = View(self.view.0.saturating_add(VIEWS));
        self.start_view_change(wanted.min(furthest));
    }
}

/// Whether a peer may have more null slots. It may have some in each status interval.
fn help_is_due(help: Option<&Help>, now: Time, config: &Config) -> bool {
    let pause = Duration(config.status_interval.0 / 2);
    help.is_some_and(|help| help.proposed == Time(0) || now >= help.proposed + pause)
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
