//! What is printed of a run, for people and as JSON.

use std::fmt::Write as _;

use quorate_cli::json::Failed;
pub(crate) use quorate_simulator::row::{Row, json_seconds, line};
use quorate_simulator::{Outcome, Plan, Verdict};

use crate::BROKEN;

/// One run in a line.
pub(crate) fn summary(plan: &Plan, outcome: &Outcome) -> String {
    let counts = outcome.counts;
    let digest = outcome.trace.digest();
    let digest = digest.map(|digest| format!(", trace {digest}"));
    format!(
        "seed {}: {} processes, {} simulated seconds, {} events, {} messages, {} operations, view {}{}",
        plan.seed,
        plan.processes,
        seconds(outcome.simulated.0),
        counts.events,
        counts.messages,
        counts.executed,
        counts.highest_view,
        digest.unwrap_or_default()
    )
}

/// A broken rule, and whether that was to be expected, in a line without the seed.
pub(crate) fn finding(outcome: &Outcome) -> Option<String> {
    let violation = outcome.violation.as_ref()?;
    let (name, rule) = violation.rule();
    let headline = match outcome.verdict() {
        Verdict::Expected => "expected beyond the bound",
        _ => "violated",
    };
    let mut text = format!("{headline}: {name} ({rule})\n  {violation}");
    if !outcome.bound.holds() {
        // Writing into memory cannot fail.
        let _ = write!(text, "\n  {}", outcome.bound.fact());
        if outcome.verdict() == Verdict::Violation {
            text += ", but this rule holds however many are faulty";
        }
    }
    Some(text)
}

/// A plan's text, under a heading.
pub(crate) fn smallest(text: &str) -> String {
    let lines = text.lines().map(|line| format!("    {line}"));
    let lines: Vec<String> = lines.collect();
    format!("  smallest plan found:\n{}", lines.join("\n"))
}

/// The exit status of a run that nobody stopped.
pub(crate) const fn status(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Good | Verdict::Stopped => 0,
        Verdict::Violation | Verdict::Expected => BROKEN,
    }
}

/// Microseconds as seconds.
pub(crate) fn seconds(micros: u64) -> String {
    format!("{}.{:03}", micros / 1_000_000, micros / 1000 % 1000)
}

/// A command that failed, as JSON.
pub(crate) fn failure(message: &str, exit_status: u8) -> String {
    line(&Failed::new(message, exit_status))
}
