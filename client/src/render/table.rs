//! The table, and the sentence under it.

use quorate_wire::method::RoundStatus;
use tabled::builder::Builder;
use tabled::settings::Style;

use crate::agreement::Agreement;
use crate::exchange::{Finalized, Outcome, Transcript};
use crate::render::columns::{fitted, terminal_width};

const HEADER: [&str; 8] = [
    "process",
    "port",
    "fault",
    "view",
    "sequence number",
    "ballots",
    "decision",
    "time taken",
];

/// One row per process, then whether they agree.
pub(crate) fn render(transcript: &Transcript, agreement: &Agreement) -> String {
    format!(
        "{}\n{}\n",
        table(HEADER, transcript.finalized.iter().map(row)),
        agreement.sentence()
    )
}

/// Text in columns under a header, no wider than the terminal, or than 80 columns where there is no terminal.
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

/// What a process that did not say has in a column.
pub(crate) fn or_dash<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// The sequence number of a round's Close, once it has one.
pub(crate) fn close(round: &RoundStatus) -> Option<u64> {
    Some(round.close_sequence_number).filter(|number| *number != 0)
}

/// `Q@2 R@3 S@4`: whose ballot took which sequence number.
pub(crate) fn ballots(round: &RoundStatus) -> String {
    let ballots: Vec<_> = round
        .ballots
        .iter()
        .map(|ballot| format!("{}@{}", ballot.process, ballot.sequence_number))
        .collect();
    ballots.join(" ")
}

fn row(finalized: &Finalized) -> [String; 8] {
    let status = finalized.status.as_ref();
    [
        finalized.process.clone(),
        finalized.port.to_string(),
        or_dash(status.map(|status| &status.fault)),
        or_dash(status.map(|status| status.view)),
        or_dash(status.and_then(|status| close(&status.round))),
        or_dash(
            status
                .map(|status| ballots(&status.round))
                .filter(|ballots| !ballots.is_empty()),
        ),
        decision(&finalized.outcome).to_owned(),
        format!("{:.1} ms", finalized.time_taken.as_secs_f64() * 1e3),
    ]
}

fn decision(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Decided(decision) => decision,
        Outcome::NoDecision(_) => "none",
        Outcome::Unreachable => "unreachable",
    }
}
