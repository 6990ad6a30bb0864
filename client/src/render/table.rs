//! The tables of an exchange, and the sentences under them.

use std::collections::BTreeMap;

use console::Color;
use quorate_wire::method::{BallotStatus, RoundStatus};
use tabled::builder::Builder;
use tabled::settings::Style;

use crate::render::columns::{fitted, paragraphs, terminal_width};
use crate::render::paint;
use crate::render::proofs::{accusations, proofs, suspicions};
use crate::transcript::{Finalized, Transcript};
use crate::verdict::{Outcome, enumerate};

const HEADER: [&str; 8] = [
    "process",
    "port",
    "fault",
    "view",
    "closed at slot",
    "ballots",
    "decision",
    "time taken",
];
const LEGEND: &str = "\
closed at slot: the sequence number at which the round was closed.
Q@2: Q's ballot in slot 2; (Q@2): it does not count. -: nothing of this round.
";

const BALLOTS_HEADER: [&str; 5] = ["ballot", "slot", "says it heard", "value", "counts"];

/// One row per process, then the ballots and the tally.
pub(crate) fn render(transcript: &Transcript) -> String {
    let processes = transcript.finalized.iter();
    let table = table(HEADER, processes.map(|one| row(transcript, one)));
    let verdict = transcript.verdict.lines();
    let verdict = paint::lines(verdict.trim_end(), paint::of(transcript.verdict.exit()));
    format!("{table}\n{LEGEND}\n{}{verdict}\n", votes(transcript))
}

/// Text in columns under a header, no wider than the terminal, or than 80 columns if there is no terminal.
pub(crate) fn table<const N: usize>(
    header: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> String {
    let rows: Vec<_> = rows.map(Vec::from).collect();
    fitted(&header, &rows, terminal_width())
}

/// Names, each with its value beside it.
pub(crate) fn pairs<const N: usize>(pairs: [(&str, String); N]) -> String {
    let mut builder = Builder::default();
    for (name, value) in pairs {
        builder.push_record([name.to_owned(), value]);
    }
    let style = Style::rounded().remove_horizontals();
    builder.build().with(style).to_string()
}

/// The cell of a process that did not answer.
pub(crate) fn or_dash<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// The sequence number of a round's Close, once it has one.
pub(crate) fn close(round: &RoundStatus) -> Option<u64> {
    Some(round.close_sequence_number).filter(|number| *number != 0)
}

/// `Q@2 R@3 S@4 (P@5)`: each ballot's process and sequence number. A ballot in brackets does not count. `None` if
/// there is none.
pub(crate) fn ballots(round: &RoundStatus) -> Option<String> {
    let ballots = round.ballots.iter().map(|ballot| {
        let place = format!("{}@{}", ballot.process, ballot.sequence_number);
        if ballot.counts() {
            place
        } else {
            format!("({place})")
        }
    });
    Some(ballots.collect::<Vec<_>>().join(" ")).filter(|ballots| !ballots.is_empty())
}

/// A sentence about the tie, if a tie gave the decision.
pub(crate) fn tie(round: &RoundStatus) -> Option<String> {
    let decision = &round.decision;
    round
        .tie
        .then(|| format!("The ballots are tied, so the default '{decision}' is the decision."))
}

fn row(transcript: &Transcript, finalized: &Finalized) -> [String; 8] {
    let status = finalized.status.as_ref();
    let round = transcript.facts.rounds.get(&finalized.process);
    [
        finalized.process.clone(),
        finalized.port.to_string(),
        or_dash(fault(finalized)),
        or_dash(status.map(|status| status.view)),
        or_dash(round.and_then(close)),
        or_dash(round.and_then(ballots)),
        decision(&finalized.outcome).to_owned(),
        format!("{:.1} ms", finalized.time_taken.as_secs_f64() * 1e3),
    ]
}

/// How a process misbehaves, or why it is gone.
fn fault(finalized: &Finalized) -> Option<&str> {
    match (&finalized.status, &finalized.outcome) {
        (_, Outcome::Unreachable(Some(reason))) => Some(reason),
        (status, _) => status.as_ref().map(|status| status.fault.as_str()),
    }
}

fn decision(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Decided(decision) => decision,
        Outcome::NoDecision(_) => "none",
        Outcome::Unreachable(_) => "unreachable",
    }
}

/// The ballots with their votes, the tally, the processes proved faulty, and the votes of other clients.
fn votes(transcript: &Transcript) -> String {
    let mut text = String::new();
    if let Some(record) = transcript.facts.record()
        && !record.ballots.is_empty()
    {
        let witness = transcript.facts.witness.as_deref().unwrap_or_default();
        let ballots = table(BALLOTS_HEADER, record.ballots.iter().map(ballot_row));
        text += &format!(
            "The ballots of round {}, as {witness} executed them:\n{ballots}\n{}.\n",
            record.round,
            tally(record)
        );
        text.extend(tie(record).map(|tie| tie + "\n"));
    }
    let proofs = proofs(transcript);
    let proved = accusations(&proofs).into_iter().map(|(accused, what, by)| {
        format!("Proved faulty: {accused}: {what} (by {}).", enumerate(by))
    });
    for line in proved {
        text += &(paint::lines(&paragraphs(&[line]), Color::Red) + "\n");
    }
    let others = transcript.facts.others.iter().map(|other| {
        format!(
            "Another client's votes are in this round: {} had said '{}' here and '{}' was heard.",
            other.process, other.asked, other.heard
        )
    });
    for line in suspicions(transcript).into_iter().chain(others) {
        text += &(paragraphs(&[line]) + "\n");
    }
    text
}

/// `Tally: 2 ballots for 'attack', 1 for 'retreat'`.
fn tally(record: &RoundStatus) -> String {
    let parts = record.tally.iter().enumerate().map(|(place, part)| {
        let ballots = match (place, part.ballots) {
            (0, 1) => " ballot",
            (0, _) => " ballots",
            _ => "",
        };
        format!("{}{ballots} for '{}'", part.ballots, part.decision)
    });
    let parts: Vec<_> = parts.collect();
    if parts.is_empty() {
        return "Tally: no ballot counts".to_owned();
    }
    format!("Tally: {}", parts.join(", "))
}

fn ballot_row(ballot: &BallotStatus) -> [String; 5] {
    let value = match (ballot.decision.as_str(), ballot.tie) {
        ("", _) => "-".to_owned(),
        (decision, true) => format!("{decision} (a tie gives the default)"),
        (decision, false) => decision.to_owned(),
    };
    let counts = if ballot.counts() {
        "yes".to_owned()
    } else {
        format!("no: {}", ballot.refused)
    };
    [
        ballot.process.clone(),
        ballot.sequence_number.to_string(),
        heard(ballot),
        value,
        counts,
    ]
}

/// `attack: Q R S; retreat: P`.
fn heard(ballot: &BallotStatus) -> String {
    let mut heard: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for vote in &ballot.votes {
        heard.entry(&vote.decision).or_default().push(&vote.process);
    }
    let parts = heard
        .iter()
        .map(|(decision, names)| format!("{decision}: {}", names.join(" ")));
    Some(parts.collect::<Vec<_>>().join("; "))
        .filter(|heard| !heard.is_empty())
        .unwrap_or_else(|| "-".to_owned())
}
