//! A run as a row of JSON: what `simulate --format json` prints, what files of runs keep, and what Python reads.

use std::collections::BTreeMap;

use quorate_fault::Bound;
use serde::Serialize;

use crate::outcome::{Outcome, Verdict};
use crate::plan::Plan;

/// Microseconds as seconds with three decimals.
#[expect(
    clippy::cast_precision_loss,
    reason = "a run is far shorter than 2^52 milliseconds"
)]
#[must_use]
pub fn json_seconds(micros: u64) -> f64 {
    (micros / 1000) as f64 / 1000.0
}

/// A run as JSON. docs/simulator.md tells its members.
#[derive(Debug, Serialize)]
pub struct Row {
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
    #[must_use]
    pub fn new(plan: &Plan, outcome: &Outcome, command: String) -> Self {
        let twins = plan.twins.iter().map(|name| String::from(*name));
        let faults = plan.faults().unwrap_or_default();
        let faults = faults.into_iter().map(|(name, words)| (name.into(), words));
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
    #[must_use]
    pub fn with_smallest(mut self, plan: &Plan) -> Self {
        self.smallest_plan = Some(plan.to_text());
        self
    }

    /// One line.
    #[must_use]
    pub fn line(&self) -> String {
        line(self)
    }
}

/// An object on one line.
///
/// # Panics
/// Never: numbers, texts and lists have a JSON form.
#[expect(clippy::expect_used, reason = "plain data always has a JSON form")]
pub fn line(object: &impl Serialize) -> String {
    serde_json::to_string(object).expect("plain data has a JSON form")
}
