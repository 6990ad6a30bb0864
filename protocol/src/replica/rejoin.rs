//! Coming back with nothing on disk (rule 23): no vote until a checkpoint is stable above all that this replica can have
//! voted for in its earlier life.
//!
//! How far that is follows from what a quorum of the others can prove. Whatever checkpoint h was stable here, a correct
//! one of them had executed through h. Its own stable checkpoint s is at most a window behind that, and no vote went
//! further than a window above h: so none lies above s + 2L.

use std::collections::BTreeMap;

use super::Replica;
use crate::config::Config;
use crate::id::{ReplicaId, Sequence};
use crate::mutant::Mutant;
use crate::record::Record;

/// What a replica that lost its memory has learned about how far it can have voted.
#[derive(Clone, Debug, Default)]
pub(super) struct Rejoin {
    /// The stable checkpoints that others have proved.
    proved: BTreeMap<ReplicaId, Sequence>,
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

    /// A peer has proved how far it is.
    pub(super) fn hear_while_rejoining(&mut self, from: ReplicaId, stable: Sequence) {
        let Some(rejoin) = &mut self.rejoin else {
            return;
        };
        let bound = rejoin.bound(&self.config);
        if bound.is_none() && from != self.config.replica {
            rejoin.proved.insert(from, stable);
        }
        self.vote_again();
    }

    /// Ends the silence if the bound is passed.
    pub(super) fn vote_again(&mut self) {
        let bound = self
            .rejoin
            .as_ref()
            .and_then(|rejoin| rejoin.bound(&self.config));
        if bound.is_some_and(|bound| self.low_watermark() >= bound) {
            self.rejoin = None;
            self.persist(Record::MayVote);
            self.repeat_votes();
        }
    }
}

impl Rejoin {
    /// What this replica can have voted for at most, once a quorum of others has proved how far it is.
    fn bound(&self, config: &Config) -> Option<Sequence> {
        let enough = self.proved.len() >= config.quorum.size();
        let furthest = self.proved.values().max().copied().filter(|_| enough)?;
        Some(config.high_watermark(config.high_watermark(furthest)))
    }
}
