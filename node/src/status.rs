//! Where a process stands, as `status` and `round` tell it.

use std::collections::BTreeSet;

use quorate_host::{Missing, Reason, ViewChange};
use quorate_protocol::{Evidence, Quorum, ReplicaId};
use quorate_service::exchange::{Ballot, Exchange};
use quorate_wire::method::{
    BallotStatus, ProofStatus, RoundStatus, RoundSummary, TallyStatus, ViewChangeReason,
    ViewChangeStatus, VoteStatus,
};

/// The round after the latest decided if it has a record, otherwise the latest decided.
fn latest_round(exchange: &Exchange) -> u64 {
    let latest = exchange.latest();
    if exchange.round(latest + 1).is_some() {
        latest + 1
    } else {
        latest
    }
}

/// How far the latest round is.
pub(crate) fn round_summary(exchange: &Exchange) -> RoundSummary {
    let number = latest_round(exchange);
    let record = exchange.round(number);
    let closed_at = record.and_then(|record| record.closed_at);
    let decision = record.and_then(|record| record.decision.clone());
    RoundSummary {
        round: number,
        close_sequence_number: closed_at.unwrap_or_default().0,
        ballots: record.map_or(0, |record| record.ballots.len() as u64),
        decision: decision.unwrap_or_default(),
    }
}

/// The status of a round, the latest one if no number is given.
pub(crate) fn round_status(exchange: &Exchange, round: Option<u64>) -> RoundStatus {
    let number = round.unwrap_or_else(|| latest_round(exchange));
    let record = exchange.round(number).cloned().unwrap_or_default();
    let tally = record.tally();
    RoundStatus {
        round: number,
        close_sequence_number: record.closed_at.unwrap_or_default().0,
        ballots: record.ballots.iter().map(ballot_status).collect(),
        tally: tally.counts().map(tally_status).collect(),
        tie: record.decision.is_some() && tally.winner().is_none(),
        decision: record.decision.clone().unwrap_or_default(),
    }
}

fn ballot_status(ballot: &Ballot) -> BallotStatus {
    let votes = ballot.votes.iter().map(|(process, decision)| VoteStatus {
        process: process.to_string(),
        decision: decision.clone(),
    });
    BallotStatus {
        process: ballot.process.to_string(),
        sequence_number: ballot.sequence.0,
        votes: votes.collect(),
        tie: ballot.tie,
        decision: ballot.decision.clone(),
        refused: ballot
            .refused
            .map(|refused| refused.to_string())
            .unwrap_or_default(),
    }
}

fn tally_status((decision, ballots): (&str, usize)) -> TallyStatus {
    TallyStatus {
        decision: decision.to_owned(),
        ballots: ballots as u64,
    }
}

/// Why a round is not decided.
pub(crate) fn explain(own: ReplicaId, quorum: Quorum, missing: Missing) -> String {
    let Missing {
        round,
        closed,
        ballots,
        votes,
        enough,
    } = missing;
    if closed {
        format!(
            "round {round} is not decided: {ballots} of {enough} ballots are in, and {own} has heard {votes} of {enough} votes"
        )
    } else {
        format!(
            "round {round} is not decided: no quorum of {} processes has ordered its close; {own} has heard {votes} of {enough} votes",
            quorum.size()
        )
    }
}

/// A view change. `asking`: who asks for its view, if the view has not started.
pub(crate) fn view_change_status(
    change: &ViewChange,
    quorum: Quorum,
    asking: &BTreeSet<ReplicaId>,
) -> ViewChangeStatus {
    let reason = match change.reason {
        Reason::Timer => ViewChangeReason::Timer,
        Reason::Joined => ViewChangeReason::Joined,
        Reason::BadNewView => ViewChangeReason::BadNewView,
        Reason::Restarted => ViewChangeReason::Restarted,
        Reason::Client => ViewChangeReason::Client,
        Reason::Slow => ViewChangeReason::Slow,
        Reason::Proved => ViewChangeReason::Proved,
        Reason::Followed => ViewChangeReason::Followed,
    };
    ViewChangeStatus {
        view: change.view.0,
        primary: change.view.primary(quorum).to_string(),
        reason,
        waited_ms: change.waited.0 / 1000,
        asked_by: names(if change.started {
            &change.asked_by
        } else {
            asking
        }),
        started: change.started,
    }
}

/// Who is proved faulty, and for what.
pub(crate) fn proof_status(evidence: &Evidence) -> ProofStatus {
    ProofStatus {
        accused: evidence.accused().to_string(),
        what: evidence.to_string(),
    }
}

/// The names of processes, in their order.
pub(crate) fn names(processes: &BTreeSet<ReplicaId>) -> Vec<String> {
    processes.iter().map(ReplicaId::to_string).collect()
}
