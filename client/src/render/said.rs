//! The rounds, proofs and view changes that a process reports, as JSON objects.

use quorate_wire::method::{
    BallotStatus, ProofStatus, RoundStatus, TallyStatus, ViewChangeStatus, VoteStatus,
};
use serde::Serialize;

use crate::render::table::close;

/// The status of a round at a process.
#[derive(Serialize)]
pub(crate) struct RoundObject<'a> {
    round: u64,
    close_sequence_number: Option<u64>,
    ballots: Vec<BallotObject<'a>>,
    tally: Vec<TallyObject<'a>>,
    tie: bool,
    decision: Option<&'a str>,
}

/// One ballot.
#[derive(Serialize)]
pub(crate) struct BallotObject<'a> {
    process: &'a str,
    sequence_number: u64,
    votes: Vec<VoteObject<'a>>,
    tie: bool,
    decision: Option<&'a str>,
    counts: bool,
    refused: Option<&'a str>,
}

#[derive(Serialize)]
struct VoteObject<'a> {
    process: &'a str,
    decision: &'a str,
}

/// The number of ballots for one decision.
#[derive(Serialize)]
pub(crate) struct TallyObject<'a> {
    decision: &'a str,
    ballots: u64,
}

/// A process that is proved faulty.
#[derive(Serialize)]
pub(crate) struct ProofObject<'a> {
    accused: &'a str,
    what: &'a str,
}

/// A view that a process asked for or took over.
#[derive(Serialize)]
pub(crate) struct ViewChangeObject<'a> {
    view: u64,
    primary: &'a str,
    reason: &'static str,
    waited_ms: u64,
    asked_by: &'a [String],
    started: bool,
}

impl<'a> From<&'a RoundStatus> for RoundObject<'a> {
    fn from(round: &'a RoundStatus) -> Self {
        Self {
            round: round.round,
            close_sequence_number: close(round),
            ballots: round.ballots.iter().map(BallotObject::from).collect(),
            tally: round.tally.iter().map(TallyObject::from).collect(),
            tie: round.tie,
            decision: not_empty(&round.decision),
        }
    }
}

impl<'a> From<&'a BallotStatus> for BallotObject<'a> {
    fn from(ballot: &'a BallotStatus) -> Self {
        Self {
            process: &ballot.process,
            sequence_number: ballot.sequence_number,
            votes: ballot.votes.iter().map(VoteObject::from).collect(),
            tie: ballot.tie,
            decision: not_empty(&ballot.decision),
            counts: ballot.counts(),
            refused: not_empty(&ballot.refused),
        }
    }
}

impl<'a> From<&'a VoteStatus> for VoteObject<'a> {
    fn from(vote: &'a VoteStatus) -> Self {
        Self {
            process: &vote.process,
            decision: &vote.decision,
        }
    }
}

impl<'a> From<&'a TallyStatus> for TallyObject<'a> {
    fn from(tally: &'a TallyStatus) -> Self {
        Self {
            decision: &tally.decision,
            ballots: tally.ballots,
        }
    }
}

impl<'a> From<&'a ProofStatus> for ProofObject<'a> {
    fn from(proof: &'a ProofStatus) -> Self {
        Self {
            accused: &proof.accused,
            what: &proof.what,
        }
    }
}

impl<'a> From<&'a ViewChangeStatus> for ViewChangeObject<'a> {
    fn from(change: &'a ViewChangeStatus) -> Self {
        Self {
            view: change.view,
            primary: &change.primary,
            reason: change.reason.name(),
            waited_ms: change.waited_ms,
            asked_by: &change.asked_by,
            started: change.started,
        }
    }
}

/// On the wire, an empty text means that there is no value.
pub(crate) fn not_empty(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}
