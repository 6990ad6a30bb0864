//! What is printed of a run.

use std::fmt::Write as _;

use quorate_simulator::{Outcome, Plan, Violation, shrink};

/// One run in a line.
pub(crate) fn summary(plan: &Plan, outcome: &Outcome) -> String {
    let Outcome {
        counts,
        simulated,
        trace,
        ..
    } = outcome;
    let seconds = seconds(simulated.0);
    let (events, messages) = (counts.events, counts.messages);
    let digest = trace.digest().map(|digest| format!(", trace {digest}"));
    format!(
        "seed {}: {} processes, {seconds} simulated seconds, {events} events, {messages} messages{}",
        plan.seed,
        plan.processes,
        digest.unwrap_or_default()
    )
}

/// A broken rule, how to see it again, and the smallest plan that breaks it too.
pub(crate) fn violation(
    plan: &Plan,
    violation: &Violation,
    command: &str,
    shrinks: bool,
) -> String {
    let (name, rule) = violation.rule();
    let mut text = format!("violated: {name} ({rule})\n  {violation}\n  again: {command}");
    if shrinks {
        let smaller = shrink(plan);
        // Writing into memory cannot fail.
        let _ = write!(
            text,
            "\n  smallest plan found:\n{}",
            indented(&smaller.to_text())
        );
    }
    text
}

fn indented(text: &str) -> String {
    let lines = text.lines().map(|line| format!("    {line}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Microseconds as seconds.
pub(crate) fn seconds(micros: u64) -> String {
    format!("{}.{:03}", micros / 1_000_000, micros / 1000 % 1000)
}
