//! The verdict, from what was found and how far the workload came.

use super::Run;
use crate::router::verdict::{Outcome, Verdict};
use crate::router::workload::{Progress, Workload};

/// How many things that were not reached are told.
const TOLD: usize = 10;

impl Run<'_> {
    /// Judges the run. Without a workload the nodes were never ready.
    pub(super) fn conclude(mut self, workload: Option<&dyn Workload>) -> Verdict {
        let (requests, done) = (self.setup.requests, 0);
        let mut progress = workload.map_or_else(
            || Progress {
                requests,
                done,
                missing: Vec::new(),
            },
            Workload::progress,
        );
        let left = progress.missing.len().saturating_sub(TOLD);
        progress.missing.truncate(TOLD);
        if left > 0 {
            progress.missing.push(format!("and {left} more"));
        }
        let all = progress.done == progress.requests;
        let outcome = if !self.calls.findings.is_empty() {
            Outcome::Faulty
        } else if all {
            Outcome::Good
        } else if !self.cluster.within_bound() {
            Outcome::NoDecision
        } else {
            let text = format!(
                "nothing more came of it within {} s:{}{}",
                self.setup.timeout.as_secs_f64(),
                lines(&progress.missing),
                self.hint()
            );
            self.calls.findings.blame_all("no progress", text);
            Outcome::Faulty
        };
        Verdict {
            outcome,
            findings: std::mem::take(&mut self.calls.findings).into_all(),
            progress,
            nodes: (
                self.cluster.names.len(),
                self.cluster.faulty(),
                self.cluster.quorum.f() as usize,
            ),
            messages: self.messages,
            lost: std::mem::take(&mut self.lost),
            altered: self.altered,
            flights: std::mem::take(&mut self.flights),
        }
    }

    /// What the faults that were played ask of the nodes.
    fn hint(&self) -> String {
        let mut hints = Vec::new();
        let conditions = self.network.conditions();
        let n1 = self.cluster.names.first();
        if n1.is_some_and(|n1| self.cluster.silent.contains(n1) || self.cluster.liars.contains(n1))
        {
            hints.push("n1 is the primary of view 0 and faulty: the others must change the view");
        }
        if conditions.loss > 0 || !conditions.partitions.is_empty() {
            hints.push(
                "messages between nodes were lost: nodes must send again what was not answered",
            );
        }
        if conditions.liars.keys().any(|liar| *liar > 0) {
            hints.push("a backup lies: count only votes of one view, number and digest, one of each sender");
        }
        lines(&hints.iter().map(ToString::to_string).collect::<Vec<_>>())
            .replace("    ", "    hint: ")
    }
}

fn lines(all: &[String]) -> String {
    all.iter().map(|one| format!("\n    {one}")).collect()
}
