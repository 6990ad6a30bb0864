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
    /// The ballots: places among the options, from 0, best first.
    pub ballots: BTreeMap<ReplicaId, Said<Vec<u8>>>,
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

    /// A ballot as the state keeps it: the places of its options among those of the question. `None` if it names another option,
    /// or several where one counts.
    pub(super) fn places(&self, ballot: &[Name]) -> Option<Vec<u8>> {
        let place = |option: &Name| {
            let place = self.options.iter().position(|one| one == option)?;
            u8::try_from(place).ok()
        };
        let fits = self.rule == Rule::Borda || ballot.len() == 1;
        ballot
            .iter()
            .map(place)
            .collect::<Option<_>>()
            .filter(|_| fits)
    }

    /// Takes a ballot, if it is the member's first and in time.
    pub(super) fn vote(&mut self, member: ReplicaId, slot: Sequence, ballot: Vec<u8>) -> Fate {
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
        let worth = |ballot: &[u8], option: usize| {
            let place = ballot.iter().position(|one| usize::from(*one) == option);
            match (self.rule, place) {
                (_, None) => 0,
                (Rule::Plurality, Some(_)) => 1,
                (Rule::Borda, Some(place)) => self.options.len().saturating_sub(place) as u64,
            }
        };
        let points = |option: usize| -> u64 {
            let ballots = self.ballots.values();
            ballots.map(|ballot| worth(&ballot.what, option)).sum()
        };
        let options = self.options.iter().enumerate();
        options
            .map(|(place, option)| (option.clone(), points(place)))
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
