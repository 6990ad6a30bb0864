//! The exchange as one JSON object.

use quorate_wire::method::RoundStatus;
use serde_json::{Value, json};

use crate::agreement::{Agreement, Verdict};
use crate::exchange::{Finalized, Message, Outcome, Transcript};
use crate::render::table::close;

/// `{"messages": [...], "decisions": [...], "agreement": {...}, "quorum": 3}`.
pub(crate) fn render(transcript: &Transcript, agreement: &Agreement) -> anyhow::Result<String> {
    text(&json!({
        "messages": transcript.messages.iter().map(message).collect::<Vec<_>>(),
        "decisions": transcript.finalized.iter().map(decision).collect::<Vec<_>>(),
        "agreement": verdict(agreement),
        "quorum": agreement.quorum(),
    }))
}

/// The text of a JSON value, with a line's end.
pub(crate) fn text(value: &Value) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

/// `[{"process": "Q", "sequence_number": 2, "decision": "attack"}, ...]`.
pub(crate) fn ballots(round: &RoundStatus) -> Value {
    let ballots = round.ballots.iter().map(|ballot| {
        json!({
            "process": ballot.process,
            "sequence_number": ballot.sequence_number,
            "decision": ballot.decision,
        })
    });
    ballots.collect()
}

fn message(message: &Message) -> Value {
    json!({ "from": message.from, "to": message.to, "text": message.text })
}

fn decision(finalized: &Finalized) -> Value {
    let status = finalized.status.as_ref();
    let (decision, cause) = match &finalized.outcome {
        Outcome::Decided(decision) => (Some(decision.as_str()), None),
        Outcome::NoDecision(cause) => (None, Some(cause.as_str())),
        Outcome::Unreachable => (None, Some("unreachable")),
    };
    json!({
        "process": finalized.process,
        "port": finalized.port,
        "correct": finalized.is_correct,
        "fault": status.map(|status| &status.fault),
        "view": status.map(|status| status.view),
        "round": status.map(|status| status.round.round),
        "close_sequence_number": status.and_then(|status| close(&status.round)),
        "ballots": status.map(|status| ballots(&status.round)),
        "decision": decision,
        "cause": cause,
        "milliseconds": finalized.time_taken.as_secs_f64() * 1e3,
    })
}

fn verdict(agreement: &Agreement) -> Value {
    let (agree, decision) = match &agreement.verdict {
        Verdict::Agree(decision) => (true, Some(decision)),
        Verdict::Disagree(_) | Verdict::NoDecision(_) => (false, None),
    };
    json!({
        "agree": agree,
        "decision": decision,
        "correct": agreement.correct,
        "processes": agreement.processes,
        "sentence": agreement.sentence(),
    })
}
