//! The replicated record of one round.

use std::collections::BTreeMap;

use quorate_protocol::{ReplicaId, Sequence};
use serde::{Deserialize, Serialize};

use super::{Rules, Tally, check_decision};

/// A ballot that executed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ballot {
    /// The process that ordered it.
    pub process: ReplicaId,
    /// The slot in which it executed.
    pub sequence: Sequence,
    /// The votes as that process heard them. Empty if the votes are not valid, and in old rounds.
    pub votes: BTreeMap<ReplicaId, String>,
    /// The ballot's value: what most votes say, or the default after a tie. Empty if the votes are not valid.
    pub decision: String,
    /// Whether there was a tie, which makes the default the value.
    pub tie: bool,
    /// Why the ballot does not count. `None` if it counts.
    pub refused: Option<BallotRefused>,
}

/// Why a ballot does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum BallotRefused {
    /// The ballots before it had decided the round.
    #[error("it came after the decision")]
    AfterDecision,
    /// It has fewer than n-f votes.
    #[error("it has too few votes")]
    TooFewVotes,
    /// It contains a vote of a process that does not exist.
    #[error("it has a vote of a process that does not exist")]
    UnknownVoter,
    /// It contains a vote for a text that cannot be a decision.
    #[error("it has a vote that is not a decision")]
    BadVote,
    /// The process already has a ballot that counts in this round.
    #[error("the process had a ballot already")]
    Second,
}

/// The record of a round. Its size is bounded: each process has at most one ballot that counts and one that does not,
/// and a ballot has at most n votes of at most 200 bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// The slot of the first Close.
    pub closed_at: Option<Sequence>,
    /// The ballots in the order in which they executed.
    pub ballots: Vec<Ballot>,
    /// The decision.
    pub decision: Option<String>,
}

impl Round {
    /// The ballots that count: one per process, up to the deciding one.
    pub fn counted(&self) -> impl Iterator<Item = &Ballot> {
        self.ballots
            .iter()
            .filter(|ballot| ballot.refused.is_none())
    }

    /// How often each value occurs in the ballots that count.
    #[must_use]
    pub fn tally(&self) -> Tally<'_> {
        Tally::of(self.counted().map(|ballot| ballot.decision.as_str()))
    }

    /// Adds a ballot that executes now. If it is the last one needed, decides the round and returns true.
    pub(super) fn add(
        &mut self,
        rules: &Rules,
        sequence: Sequence,
        process: ReplicaId,
        votes: &BTreeMap<ReplicaId, String>,
    ) -> bool {
        let refused = self.refuses(rules, process, votes);
        if refused.is_some() && self.has_refused(process) {
            return false;
        }
        let makes_sense = check_votes(rules, votes).is_ok();
        let votes = if makes_sense {
            votes.clone()
        } else {
            BTreeMap::new()
        };
        let (decision, tie) = value(rules, &votes);
        self.ballots.push(Ballot {
            process,
            sequence,
            votes,
            decision,
            tie,
            refused,
        });
        self.decide(rules)
    }

    /// Forgets the single votes, but keeps the ballots' values. Returns whether there were any.
    pub(super) fn forget_votes(&mut self) -> bool {
        let mut any = false;
        for ballot in &mut self.ballots {
            any |= !ballot.votes.is_empty();
            ballot.votes.clear();
        }
        any
    }

    fn decide(&mut self, rules: &Rules) -> bool {
        if self.decision.is_some() || self.counted().count() < rules.enough() {
            return false;
        }
        let winner = self.tally().winner().map(str::to_owned);
        self.decision = Some(winner.unwrap_or_else(|| rules.default_decision.clone()));
        true
    }

    fn refuses(
        &self,
        rules: &Rules,
        process: ReplicaId,
        votes: &BTreeMap<ReplicaId, String>,
    ) -> Option<BallotRefused> {
        if let Err(refused) = check_votes(rules, votes) {
            Some(refused)
        } else if self.counted().any(|ballot| ballot.process == process) {
            Some(BallotRefused::Second)
        } else {
            self.decision.as_ref().map(|_| BallotRefused::AfterDecision)
        }
    }

    /// Whether this process already has a kept ballot that does not count.
    fn has_refused(&self, process: ReplicaId) -> bool {
        self.ballots
            .iter()
            .any(|ballot| ballot.process == process && ballot.refused.is_some())
    }
}

/// Checks that a ballot has at least n-f votes, that their processes exist, and that each vote is a decision.
fn check_votes(rules: &Rules, votes: &BTreeMap<ReplicaId, String>) -> Result<(), BallotRefused> {
    if votes.keys().any(|voter| voter.0 >= rules.quorum.n()) {
        Err(BallotRefused::UnknownVoter)
    } else if votes.values().any(|vote| check_decision(vote).is_err()) {
        Err(BallotRefused::BadVote)
    } else if votes.len() < rules.enough() {
        Err(BallotRefused::TooFewVotes)
    } else {
        Ok(())
    }
}

/// The value of these votes, and whether the tie rule gave it.
fn value(rules: &Rules, votes: &BTreeMap<ReplicaId, String>) -> (String, bool) {
    let tally = Tally::of(votes.values().map(String::as_str));
    match tally.winner() {
        Some(winner) => (winner.to_owned(), false),
        None if votes.is_empty() => (String::new(), false),
        None => (rules.default_decision.clone(), true),
    }
}
