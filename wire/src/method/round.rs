use dxr::Value;

use super::Method;
use super::answer::{Members, from_each, from_members, from_number};
use super::parameters::{Parameters, with_round};
use crate::Fault;

/// Asks a process for the status of a round.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Round {
    /// The round, from 1. `None` asks for the latest one.
    pub round: Option<u64>,
}

/// The status of a round.
#[derive(Clone, Debug, PartialEq)]
pub struct RoundStatus {
    /// The round; 0 before the first.
    pub round: u64,
    /// The sequence number of its Close; 0 while it is open.
    pub close_sequence_number: u64,
    /// The ballots that have executed, in their order.
    pub ballots: Vec<BallotStatus>,
    /// For each decision, the number of ballots that count for it.
    pub tally: Vec<TallyStatus>,
    /// Whether the tally was tied, so that the decision is the default.
    pub tie: bool,
    /// The decision; empty while undecided.
    pub decision: String,
}

/// How far a round is, without its votes. With many processes the votes of a round are large.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoundSummary {
    /// The round; 0 before the first.
    pub round: u64,
    /// The sequence number of its Close; 0 while it is open.
    pub close_sequence_number: u64,
    /// How many ballots have executed.
    pub ballots: u64,
    /// The decision; empty while undecided.
    pub decision: String,
}

/// One executed ballot.
#[derive(Clone, Debug, PartialEq)]
pub struct BallotStatus {
    /// The process that sent the ballot.
    pub process: String,
    /// The sequence number at which it executed.
    pub sequence_number: u64,
    /// The votes that this process says it heard. Empty in old rounds, and if the votes make no sense.
    pub votes: Vec<VoteStatus>,
    /// Whether the votes were tied, so that the ballot's decision is the default.
    pub tie: bool,
    /// The decision that the ballot is for; empty if the votes make no sense.
    pub decision: String,
    /// Why the ballot does not count; empty if it counts.
    pub refused: String,
}

/// One vote in a ballot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoteStatus {
    /// The process that voted.
    pub process: String,
    /// The decision that it voted for.
    pub decision: String,
}

/// The number of ballots for one decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TallyStatus {
    /// The decision.
    pub decision: String,
    /// The number of ballots that count for it.
    pub ballots: u64,
}

impl BallotStatus {
    /// Whether the ballot counts for the round's decision.
    pub fn counts(&self) -> bool {
        self.refused.is_empty()
    }
}

impl Method for Round {
    const NAME: &'static str = "round";
    const HELP: &'static str = "round([round]): answers a struct that describes this round at this process, or \
        the latest round if none is given: round, close_sequence_number, ballots (process, sequence_number, \
        votes, tie, decision, refused), tally (decision, ballots), tie, decision. Numbers over 31 bits are \
        decimal strings.";
    const SIGNATURES: &'static [&'static [&'static str]] = &[&["struct"], &["struct", "int"]];
    const CHANGES_NOTHING: bool = true;
    type Answer = RoundStatus;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        Ok(Self {
            round: Parameters::of::<Self>(params, 0..=1, "[round]")?.round()?,
        })
    }

    fn into_params(self) -> Vec<Value> {
        with_round(Vec::new(), self.round)
    }

    fn answer_into_value(answer: RoundStatus) -> Value {
        answer.into_value()
    }

    fn answer_from_value(value: Value) -> Result<RoundStatus, String> {
        RoundStatus::from_value(value)
    }
}

impl RoundStatus {
    fn into_value(self) -> Value {
        from_members([
            ("round", from_number(self.round)),
            (
                "close_sequence_number",
                from_number(self.close_sequence_number),
            ),
            ("ballots", from_each(self.ballots, BallotStatus::into_value)),
            ("tally", from_each(self.tally, TallyStatus::into_value)),
            ("tie", Value::Boolean(self.tie)),
            ("decision", Value::String(self.decision)),
        ])
    }

    fn from_value(value: Value) -> Result<Self, String> {
        let mut members = Members::of(value)?;
        Ok(Self {
            round: members.number("round")?,
            close_sequence_number: members.number("close_sequence_number")?,
            ballots: members.each("ballots", BallotStatus::from_value)?,
            tally: members.each("tally", TallyStatus::from_value)?,
            tie: members.boolean("tie")?,
            decision: members.text("decision")?,
        })
    }
}

impl RoundSummary {
    pub(super) fn into_value(self) -> Value {
        from_members([
            ("round", from_number(self.round)),
            (
                "close_sequence_number",
                from_number(self.close_sequence_number),
            ),
            ("ballots", from_number(self.ballots)),
            ("decision", Value::String(self.decision)),
        ])
    }

    pub(super) fn from_value(value: Value) -> Result<Self, String> {
        let mut members = Members::of(value)?;
        Ok(Self {
            round: members.number("round")?,
            close_sequence_number: members.number("close_sequence_number")?,
            ballots: members.number("ballots")?,
            decision: members.text("decision")?,
        })
    }
}

impl BallotStatus {
    fn into_value(self) -> Value {
        from_members([
            ("process", Value::String(self.process)),
            ("sequence_number", from_number(self.sequence_number)),
            ("votes", from_each(self.votes, VoteStatus::into_value)),
            ("tie", Value::Boolean(self.tie)),
            ("decision", Value::String(self.decision)),
            ("refused", Value::String(self.refused)),
        ])
    }

    fn from_value(value: Value) -> Result<Self, String> {
        let mut members = Members::of(value)?;
        Ok(Self {
            process: members.text("process")?,
            sequence_number: members.number("sequence_number")?,
            votes: members.each("votes", VoteStatus::from_value)?,
            tie: members.boolean("tie")?,
            decision: members.text("decision")?,
            refused: members.text("refused")?,
        })
    }
}

impl VoteStatus {
    fn into_value(self) -> Value {
        from_members([
            ("process", Value::String(self.process)),
            ("decision", Value::String(self.decision)),
        ])
    }

    fn from_value(value: Value) -> Result<Self, String> {
        let mut members = Members::of(value)?;
        Ok(Self {
            process: members.text("process")?,
            decision: members.text("decision")?,
        })
    }
}

impl TallyStatus {
    fn into_value(self) -> Value {
        from_members([
            ("decision", Value::String(self.decision)),
            ("ballots", from_number(self.ballots)),
        ])
    }

    fn from_value(value: Value) -> Result<Self, String> {
        let mut members = Members::of(value)?;
        Ok(Self {
            decision: members.text("decision")?,
            ballots: members.number("ballots")?,
        })
    }
}
