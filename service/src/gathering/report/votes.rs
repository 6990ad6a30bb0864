//! Questions, and the ballots on them.

use serde::{Deserialize, Serialize};

use super::super::closing::Phase;
use super::super::command::Rule;
use super::super::state::{Gathering, Thing};
use super::super::vote::Question;
use super::super::word::Name;
use super::{Closes, VERSION, length};

/// Answers `votes`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Votes {
    /// [`VERSION`].
    pub v: u32,
    /// The epoch.
    pub epoch: u64,
    /// The questions, in the order in which they were asked.
    pub votes: Vec<VoteLine>,
}

/// A vote in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoteLine {
    /// The question.
    pub question: Name,
    /// Who asked it.
    pub by: String,
    /// How ballots are counted.
    pub rule: Rule,
    /// How many members have voted.
    pub ballots: u32,
    /// Whether the vote has ended.
    pub ended: bool,
    /// The option that won.
    pub winner: Option<Name>,
}

/// Answers `vote QUESTION`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// [`VERSION`].
    pub v: u32,
    /// The epoch.
    pub epoch: u64,
    /// The slot in which the question was asked.
    pub slot: u64,
    /// The vote in short.
    pub vote: VoteLine,
    /// The points of each option so far.
    pub tally: Vec<Points>,
    /// The ballots.
    pub ballots: Vec<Ballot>,
    /// How far the vote is closed.
    pub closing: Closes,
}

/// The points of an option.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Points {
    /// The option.
    pub option: Name,
    /// Its points.
    pub points: u64,
}

/// A ballot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ballot {
    /// Who votes.
    pub member: String,
    /// The slot in which the ballot executed.
    pub slot: u64,
    /// The options, best first.
    pub options: Vec<Name>,
}

impl Gathering {
    pub(super) fn votes(&self) -> Votes {
        let votes = self.questions().iter();
        Votes {
            v: VERSION,
            epoch: self.epoch(),
            votes: votes.map(|question| self.vote_line(question)).collect(),
        }
    }

    pub(super) fn vote_line(&self, question: &Thing<Question>) -> VoteLine {
        let (name, what) = (&question.name, &question.what);
        VoteLine {
            question: name.clone(),
            by: question.by.to_string(),
            rule: what.rule,
            ballots: length(what.ballots.len()),
            ended: what.closing.at().is_some(),
            winner: what.winner(self.membership(), self.epoch(), name),
        }
    }

    pub(super) fn vote(&self, question: &Thing<Question>) -> Vote {
        let options = &question.what.options;
        let places = |ballot: &[u8]| {
            let options = ballot
                .iter()
                .filter_map(|place| options.get(usize::from(*place)));
            options.cloned().collect()
        };
        let tally = question.what.tally().into_iter();
        let ballots = question.what.ballots.iter().map(|(member, ballot)| Ballot {
            member: member.to_string(),
            slot: ballot.slot.0,
            options: places(&ballot.what),
        });
        Vote {
            v: VERSION,
            epoch: self.epoch(),
            slot: question.slot.0,
            vote: self.vote_line(question),
            tally: tally
                .map(|(option, points)| Points { option, points })
                .collect(),
            ballots: ballots.collect(),
            closing: self.closes(&Phase::Ballots(question.name.clone())),
        }
    }
}
