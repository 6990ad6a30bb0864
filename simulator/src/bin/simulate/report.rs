//! What is printed of a run, for people and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use quorate_cli::json::Failed;
use quorate_fault::Bound;
use quorate_simulator::plan::Name;
use quorate_simulator::{Outcome, Plan, Verdict};
use serde::Serialize;

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

/// Microseconds as seconds with three decimals.
#[expect(
    clippy::cast_precision_loss,
    reason = "a run is far shorter than 2^52 milliseconds"
)]
pub(crate) fn json_seconds(micros: u64) -> f64 {
    (micros / 1000) as f64 / 1000.0
}

/// A run as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    v: u8,
    seed: u64,
    n: u32,
    /// Behaviours by process.
    faults: BTreeMap<String, String>,
    twins: Vec<String>,
    bound: Bound,
    verdict: &'static str,
    violated_rule: Option<&'static str>,
    violation: Option<String>,
    culprits: Vec<String>,
    views: u64,
    messages: u64,
    events: u64,
    executed: u64,
    simulated_s: f64,
    command: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    smallest_plan: Option<String>,
}

impl Row {
    /// The row of a run, which `command` plays again.
    pub(crate) fn new(plan: &Plan, outcome: &Outcome, command: String) -> Self {
        let twins = plan.twins.iter().map(|name| String::from(*name));
        let behaviours = plan.fault_plan().unwrap_or_default();
        let faults = (0..plan.processes).filter_map(|index| {
            let words = behaviours.behaviour_of(index)?;
            Some((String::from(Name::of(index)), words.to_owned()))
        });
        let violation = outcome.violation.as_ref();
        Self {
            v: 1,
            seed: plan.seed,
            n: plan.processes,
            faults: faults.collect(),
            twins: twins.collect(),
            bound: outcome.bound,
            verdict: match outcome.verdict() {
                Verdict::Good => "good",
                Verdict::Violation => "violation",
                Verdict::Expected => "expected",
                Verdict::Stopped => "stopped",
            },
            violated_rule: violation.map(|violation| violation.rule().0),
            violation: violation.map(ToString::to_string),
            culprits: violation.map_or_else(Vec::new, |violation| {
                let culprits = violation.culprits();
                culprits.iter().map(ToString::to_string).collect()
            }),
            views: outcome.counts.highest_view,
            messages: outcome.counts.messages,
            events: outcome.counts.events,
            executed: outcome.counts.executed,
            simulated_s: json_seconds(outcome.simulated.0),
            command,
            trace: outcome.trace.digest().map(|digest| digest.to_string()),
            smallest_plan: None,
        }
    }

    /// The same with the smallest plan that breaks the same rule.
    pub(crate) fn with_smallest(mut self, plan: &Plan) -> Self {
        self.smallest_plan = Some(plan.to_text());
        self
    }

    /// One line.
    pub(crate) fn line(&self) -> String {
        line(self)
    }
}

/// An object on one line.
///
/// # Panics
/// Never: numbers, texts and lists have a JSON form.
#[expect(clippy::expect_used, reason = "plain data always has a JSON form")]
pub(crate) fn line(object: &impl Serialize) -> String {
    serde_json::to_string(object).expect("plain data has a JSON form")
}

/// A command that failed, as JSON.
pub(crate) fn failure(message: &str, exit_status: u8) -> String {
    line(&Failed::new(message, exit_status))
}
