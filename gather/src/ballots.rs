//! The votes of the nodes that were met: of each node the newest of each phase.

use std::collections::BTreeMap;

use quorate_protocol::ClusterId;

use crate::certificate::Certificate;
use crate::id::PublicKey;
use crate::proof::Proof;
use crate::roster::Roster;
use crate::signed::Signed;
use crate::vote::{Phase, Vote};

/// A vote with its roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ballot {
    pub(crate) vote: Signed<Vote>,
    pub(crate) roster: Roster,
}

/// The newest votes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ballots(BTreeMap<(PublicKey, Phase), Ballot>);

/// What came of a vote.
#[derive(Debug)]
pub(crate) enum Counted {
    /// It is older than one that is known, or the same.
    Known,
    New,
    /// The same key has voted otherwise.
    Contradicts(Box<Proof>),
}

impl Ballots {
    /// Counts a vote, unless a newer one is known.
    pub(crate) fn count(&mut self, ballot: Ballot) -> Counted {
        let vote = &ballot.vote;
        let place = (vote.key, vote.value.phase);
        if let Some(known) = self.0.get(&place) {
            if let Some(proof) = Proof::of_votes(&known.vote, vote) {
                return Counted::Contradicts(Box::new(proof));
            }
            if known.vote.value.attempt >= vote.value.attempt {
                return Counted::Known;
            }
        }
        self.0.insert(place, ballot);
        Counted::New
    }

    /// Forgets what a node voted.
    pub(crate) fn forget(&mut self, key: &PublicKey) {
        self.0.retain(|(voter, _), _| voter != key);
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Ballot> {
        self.0.values()
    }

    pub(crate) fn of(&self, key: &PublicKey, phase: Phase) -> Option<&Ballot> {
        self.0.get(&(*key, phase))
    }

    pub(crate) fn in_phase(&self, phase: Phase) -> impl Iterator<Item = &Ballot> {
        self.all()
            .filter(move |ballot| ballot.vote.value.phase == phase)
    }

    /// The quorum of equal votes in the latest attempt that has one, among the rosters that have a member. What others want
    /// without it must not hide that.
    pub(crate) fn quorum(
        &self,
        phase: Phase,
        quorum: usize,
        member: &PublicKey,
    ) -> Option<Certificate> {
        let mut tried: Vec<Vote> = Vec::new();
        let mut best: Option<Certificate> = None;
        for ballot in self.in_phase(phase) {
            let vote = ballot.vote.value;
            let later = best
                .as_ref()
                .is_none_or(|best| best.attempt() < vote.attempt);
            if !later || !ballot.roster.has(member) || tried.contains(&vote) {
                continue;
            }
            tried.push(vote);
            let votes = self.in_phase(phase).map(|ballot| &ballot.vote);
            best = Certificate::of(&ballot.roster, vote, quorum, votes).or(best);
        }
        best
    }

    /// The rosters that are wanted by somebody's newest ROSTER.
    pub(crate) fn wanted(&self) -> BTreeMap<ClusterId, &Roster> {
        let rosters = self.in_phase(Phase::Roster).map(|ballot| &ballot.roster);
        rosters.map(|roster| (roster.cluster(), roster)).collect()
    }

    /// How many votes are equal to this one.
    pub(crate) fn equal(&self, vote: &Vote) -> usize {
        self.all()
            .filter(|ballot| ballot.vote.value == *vote)
            .count()
    }

    /// The attempts of all newest ROSTERs, the latest first. What only a bug asks for.
    pub(crate) fn all_attempts(&self) -> Vec<u64> {
        let votes = self.in_phase(Phase::Roster);
        let mut attempts: Vec<u64> = votes.map(|ballot| ballot.vote.value.attempt).collect();
        attempts.sort_unstable_by(|a, b| b.cmp(a));
        attempts
    }

    /// The attempts of the newest ROSTERs of a roster's members, whatever roster they want; the latest first.
    pub(crate) fn attempts(&self, of: &Roster) -> Vec<u64> {
        let votes = of.keys().filter_map(|key| self.of(&key, Phase::Roster));
        let mut attempts: Vec<u64> = votes.map(|ballot| ballot.vote.value.attempt).collect();
        attempts.sort_unstable_by(|a, b| b.cmp(a));
        attempts
    }
}
