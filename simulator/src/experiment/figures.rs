//! What is read of a run.

use quorate_protocol::message::Kind;
use quorate_report::statistics::{median, quantile};

use super::case::Case;
use crate::outcome::{Outcome, Verdict};
use crate::world::{Asked, Measured, Note, Traffic};

/// The kinds of messages by which processes agree on a slot.
const AGREEMENT: [Kind; 3] = [Kind::PRE_PREPARE, Kind::PREPARE, Kind::COMMIT];
/// The names of the kinds by which one process asks others and has its answer.
const ASKING: [&str; 4] = ["request", "reply", "query", "answer"];

/// The figures of a run.
pub(super) fn of(case: &Case, outcome: &Outcome) -> Vec<(&'static str, f64)> {
    let nothing = Measured::default();
    let measured = outcome.measured.as_ref().unwrap_or(&nothing);
    let latencies: Vec<f64> = measured.asked.iter().filter_map(latency).collect();
    let agreement = traffic(measured, |kind| {
        AGREEMENT.iter().any(|one| one.name() == kind)
    });
    let asking = traffic(measured, |kind| ASKING.contains(&kind));
    let all = traffic(measured, |_| true);
    let answered = latencies.len();
    let each = |count: u64| rounded(number(count) / number(answered.max(1) as u64));
    let mut figures = vec![
        ("asked", number(measured.asked.len() as u64)),
        ("answered", number(answered as u64)),
    ];
    let shares = [
        ("latency_median_ms", 0.5),
        ("latency_p99_ms", 0.99),
        ("latency_longest_ms", 1.0),
    ];
    for (name, share) in shares {
        figures.extend(quantile(&latencies, share).map(|value| (name, rounded(value))));
    }
    figures.extend([
        ("agreement_messages_per_request", each(agreement.messages)),
        ("asking_messages_per_request", each(asking.messages)),
        ("messages_per_request", each(all.messages)),
        ("agreement_bytes_per_request", each(agreement.bytes)),
        ("bytes_per_request", each(all.bytes)),
        ("view", number(outcome.counts.highest_view)),
        ("simulated_ms", ms(outcome.simulated.0)),
    ]);
    let rule = outcome.violation.as_ref().map(|one| one.rule().0);
    figures.extend([
        ("disagrees", flag(rule == Some("agreement"))),
        ("violates", flag(outcome.verdict() == Verdict::Violation)),
    ]);
    figures.extend(in_trouble(case, measured));
    figures.extend(repair(case, measured));
    figures
}

/// What is asked for and answered while something is wrong, and how long the longest wait was from then on.
fn in_trouble(case: &Case, measured: &Measured) -> Vec<(&'static str, f64)> {
    let (from, to) = (case.trouble_ms.0 * 1000, case.trouble_ms.1 * 1000);
    if from >= to {
        return Vec::new();
    }
    let within = |time: u64| time >= from && time < to;
    let asked = measured.asked.iter().filter(|one| within(one.at.0)).count();
    let ends = measured.asked.iter().filter_map(|one| one.answered);
    let answered = ends.filter(|end| within(end.0)).count();
    // Who asked shortly before waits too.
    let since = measured
        .asked
        .iter()
        .filter(|one| one.answered.is_none_or(|end| end.0 >= from));
    let longest = since.filter_map(latency).fold(0.0, f64::max);
    let before = measured
        .asked
        .iter()
        .filter(|one| one.answered.is_some_and(|end| end.0 < from));
    let usual = median(&before.filter_map(latency).collect::<Vec<_>>());
    let mut figures = vec![
        ("longest_wait_ms", rounded(longest)),
        (
            "throughput_left_percent",
            rounded(100.0 * number(answered as u64) / number(asked.max(1) as u64)),
        ),
    ];
    figures.extend(usual.map(|usual| ("latency_before_ms", rounded(usual))));
    figures
}

/// How long after the end of the trouble the last process took over the state of others.
fn repair(case: &Case, measured: &Measured) -> Option<(&'static str, f64)> {
    let diverged = measured.noted.iter().any(|one| one.what == Note::Diverged);
    let mut installed = measured
        .noted
        .iter()
        .filter(|one| one.what == Note::Installed);
    let last = installed.next_back().filter(|_| diverged)?;
    Some((
        "repaired_after_ms",
        ms(last.at.0) - number(case.trouble_ms.1),
    ))
}

fn latency(asked: &Asked) -> Option<f64> {
    asked.answered.map(|end| ms(end.0 - asked.at.0))
}

fn traffic(measured: &Measured, counts: impl Fn(&str) -> bool) -> Traffic {
    let kinds = measured.sent.iter().filter(|(kind, _)| counts(kind));
    kinds.fold(Traffic::default(), |sum, (_, one)| Traffic {
        messages: sum.messages + one.messages,
        bytes: sum.bytes + one.bytes,
    })
}

/// Microseconds as milliseconds.
pub(super) fn ms(micros: u64) -> f64 {
    number(micros) / 1000.0
}

/// With three places: nobody reads more.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

fn flag(is_so: bool) -> f64 {
    f64::from(u8::from(is_so))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a run has fewer than 2^52 of anything"
)]
const fn number(count: u64) -> f64 {
    count as f64
}
