//! Votes: one ballot for each member.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use quorate_protocol::{ReplicaId, Sequence};
use serde::{Deserialize, Serialize};

use super::closing::Closing;
use super::command::Rule;
use super::membership::Membership;
use super::once::{Fate, Said, fate};
use super::word::Name;

/// A question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// How ballots are counted.
    pub rule: Rule,
    /// What may be voted for.
    pub options: Vec<Name>,
    /// The ballots.
    pub ballots: BTreeMap<ReplicaId, Said<Vec<Name>>>,
    /// The end of the vote.
    pub closing: Closing,
}

impl Question {
    /// A question on which nobody has voted.
    pub(super) fn new(rule: Rule, options: Vec<Name>) -> Self {
        Self {
            rule,
            options,
            ballots: BTreeMap::new(),
            closing: Closing::default(),
        }
    }

    /// Whether a ballot fits the question: all its options are among those of the question, and it has one if only one counts.
    pub(super) fn allows(&self, ballot: &[Name]) -> bool {
        let known = ballot.iter().all(|option| self.options.contains(option));
        known && (self.rule == Rule::Borda || ballot.len() == 1)
    }

    /// Takes a ballot, if it is the member's first and in time.
    pub(super) fn vote(&mut self, member: ReplicaId, slot: Sequence, ballot: Vec<Name>) -> Fate {
        let before = self.ballots.get(&member).map(|before| Said {
            slot: before.slot,
            what: &before.what,
        });
        let fate = fate(before, &ballot, &self.closing);
        if fate == Fate::Counts {
            self.ballots.insert(member, Said { slot, what: ballot });
        }
        fate
    }

    /// The points of each option, in the order of the question.
    #[must_use]
    pub fn tally(&self) -> Vec<(Name, u64)> {
        let worth = |ballot: &[Name], option: &Name| match (self.rule, place(ballot, option)) {
            (_, None) => 0,
            (Rule::Plurality, Some(_)) => 1,
            (Rule::Borda, Some(place)) => (self.options.len() - place) as u64,
        };
        let points = |option: &Name| -> u64 {
            let ballots = self.ballots.values();
            ballots.map(|ballot| worth(&ballot.what, option)).sum()
        };
        let options = self.options.iter();
        options
            .map(|option| (option.clone(), points(option)))
            .collect()
    }

    /// The option that wins. `None` if the vote is open, or if nobody has voted.
    #[must_use]
    pub fn winner(&self, membership: &Membership, epoch: u64, question: &Name) -> Option<Name> {
        self.closing.at()?;
        let subject = format!("vote/{question}");
        let rank = |(option, points): &(Name, u64)| {
            let tie = membership.tie(epoch, &subject, option.as_str());
            (*points, Reverse(tie))
        };
        let best = self.tally().into_iter().max_by_key(rank)?;
        (best.1 > 0).then_some(best.0)
    }
}

/// Where an option stands in a ballot, from 0. A ballot has no more options than its question, and none twice.
fn place(ballot: &[Name], option: &Name) -> Option<usize> {
    ballot.iter().position(|one| one == option)
}
