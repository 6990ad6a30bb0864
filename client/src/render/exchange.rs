//! The exchange as one JSON object.

use quorate_server::Bound;
use quorate_wire::method::BallotStatus;
use serde::Serialize;

use crate::render::json::{self, millis};
use crate::render::proofs::proofs;
use crate::render::said::{BallotObject, TallyObject};
use crate::render::story::story;
use crate::render::table::close;
use crate::transcript::{Finalized, Message, Transcript};
use crate::verdict::{Agreement, Outcome, Validity, Verdict};

/// The object, with the story if it is wanted.
pub(crate) fn render(transcript: &Transcript, explain: bool) -> anyhow::Result<String> {
    let record = transcript.facts.record();
    json::text(&Object {
        round: transcript.round,
        messages: transcript.messages.iter().map(message).collect(),
        decisions: transcript
            .finalized
            .iter()
            .map(|one| decision(transcript, one))
            .collect(),
        told_by: transcript.facts.witness.as_deref(),
        close_sequence_number: record.and_then(close),
        ballots: record.map_or_else(Vec::new, |record| {
            record.ballots.iter().map(BallotObject::from).collect()
        }),
        tally: record.map_or_else(Vec::new, |record| {
            record.tally.iter().map(TallyObject::from).collect()
        }),
        tie: record.is_some_and(|record| record.tie),
        proofs: proofs(transcript)
            .into_iter()
            .map(|proof| Proof {
                accused: proof.accused,
                what: proof.what,
                proved_by: proof.by,
            })
            .collect(),
        other_votes: transcript
            .facts
            .others
            .iter()
            .map(|other| OtherVote {
                process: &other.process,
                asked: &other.asked,
                heard: &other.heard,
            })
            .collect(),
        verdict: verdict(&transcript.verdict),
        story: explain.then(|| story(transcript)),
    })
}

#[derive(Serialize)]
struct Object<'a> {
    round: u64,
    messages: Vec<MessageObject<'a>>,
    decisions: Vec<Decision<'a>>,
    told_by: Option<&'a str>,
    close_sequence_number: Option<u64>,
    ballots: Vec<BallotObject<'a>>,
    tally: Vec<TallyObject<'a>>,
    tie: bool,
    proofs: Vec<Proof>,
    other_votes: Vec<OtherVote<'a>>,
    verdict: VerdictObject<'a>,
    story: Option<Vec<String>>,
}

#[derive(Serialize)]
struct MessageObject<'a> {
    from: &'a str,
    to: &'a str,
    told: Option<&'a str>,
    text: &'a str,
}

#[derive(Serialize)]
struct Decision<'a> {
    process: &'a str,
    port: u16,
    correct: bool,
    fault: Option<&'a str>,
    seed: Option<u64>,
    asked: &'a str,
    view: Option<u64>,
    close_sequence_number: Option<u64>,
    ballots: Option<Vec<Place<'a>>>,
    decision: Option<&'a str>,
    cause: Option<&'a str>,
    time_taken_ms: f64,
}

/// A ballot that a process executed: its sender and its slot.
#[derive(Serialize)]
struct Place<'a> {
    process: &'a str,
    sequence_number: u64,
    decision: &'a str,
    counts: bool,
}

#[derive(Serialize)]
struct Proof {
    accused: String,
    what: String,
    proved_by: Vec<String>,
}

#[derive(Serialize)]
struct OtherVote<'a> {
    process: &'a str,
    asked: &'a str,
    heard: &'a str,
}

#[derive(Serialize)]
struct VerdictObject<'a> {
    agreement: &'static str,
    validity: &'static str,
    bound: Bound,
    correct: &'a [String],
    faulty: &'a [String],
    quorum: usize,
    decision: Option<&'a str>,
    sentence: String,
}

fn message(message: &Message) -> MessageObject<'_> {
    MessageObject {
        from: &message.from,
        to: &message.to,
        told: message.told.as_deref(),
        text: &message.text,
    }
}

fn decision<'a>(transcript: &'a Transcript, finalized: &'a Finalized) -> Decision<'a> {
    let status = finalized.status.as_ref();
    let round = transcript.facts.rounds.get(&finalized.process);
    let (decision, cause) = match &finalized.outcome {
        Outcome::Decided(decision) => (Some(decision.as_str()), None),
        Outcome::NoDecision(cause) => (None, Some(cause.as_str())),
        Outcome::Unreachable(reason) => (None, Some(reason.as_deref().unwrap_or("unreachable"))),
    };
    Decision {
        process: &finalized.process,
        port: finalized.port,
        correct: finalized.is_correct,
        fault: status.map(|status| status.fault.as_str()),
        seed: status.map(|status| status.seed),
        asked: &finalized.asked,
        view: status.map(|status| status.view),
        close_sequence_number: round.and_then(close),
        ballots: round.map(|round| round.ballots.iter().map(place).collect()),
        decision,
        cause,
        time_taken_ms: millis(finalized.time_taken),
    }
}

fn place(ballot: &BallotStatus) -> Place<'_> {
    Place {
        process: &ballot.process,
        sequence_number: ballot.sequence_number,
        decision: &ballot.decision,
        counts: ballot.counts(),
    }
}

fn verdict(verdict: &Verdict) -> VerdictObject<'_> {
    VerdictObject {
        agreement: match &verdict.agreement {
            Agreement::Kept(_) => "kept",
            Agreement::Broken(_) | Agreement::Split(_) => "broken",
            Agreement::NoDecision(_) => "no decision",
        },
        validity: match &verdict.validity {
            Validity::Kept(_) => "kept",
            Validity::Broken(_) => "broken",
            Validity::DoesNotApply(_) => "does not apply",
        },
        bound: verdict.bound(),
        correct: &verdict.correct,
        faulty: &verdict.faulty,
        quorum: verdict.quorum(),
        decision: verdict.decision(),
        sentence: format!(
            "{}; validity: {}; {}",
            verdict.agreement_fact(),
            verdict.validity_fact(),
            verdict.bound().fact()
        ),
    }
}
