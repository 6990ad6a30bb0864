//! The verdict, from what was found and how far the workload came.

use super::Run;
use crate::router::network::Conditions;
use crate::router::verdict::{Outcome, Verdict};
use crate::router::workload::{Progress, Workload};

/// From how many messages on a node is suspected of flooding.
const MANY: u64 = 2000;
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
        if !all {
            (0..self.nodes.len()).for_each(|index| self.blame_for_line(index));
        }
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
                self.hint(progress.done)
            );
            self.calls.findings.blame_all("no progress", text);
            Outcome::Faulty
        };
        Verdict {
            outcome,
            notes: self.calls.findings.notes(),
            findings: std::mem::take(&mut self.calls.findings).into_all(),
            progress,
            cut_short: self.cut_short,
            nodes: (
                self.cluster.names.len(),
                self.cluster.faulty(),
                self.cluster.quorum.f() as usize,
            ),
            seed: self.setup.conditions.seed,
            messages: self.messages,
            lost: std::mem::take(&mut self.lost),
            altered: self.altered,
            flights: std::mem::take(&mut self.flights),
        }
    }

    /// What may have kept the nodes from it.
    fn hint(&self, done: u64) -> String {
        let mut hints = Vec::new();
        let Conditions {
            loss,
            partitions,
            silent,
            liars,
            ..
        } = self.network.conditions();
        if silent.contains(&0) || liars.contains_key(&0) {
            let hint = "n1 is the primary of view 0 and faulty: the others must change the view";
            hints.push(hint.to_owned());
        }
        if *loss > 0 || !partitions.is_empty() {
            let hint =
                "messages between nodes were lost: nodes must send again what was not answered";
            hints.push(hint.to_owned());
        }
        if liars.keys().any(|liar| *liar > 0) {
            let hint = "a backup lies: count only votes of one view, number and digest, one of each sender";
            hints.push(hint.to_owned());
        }
        for (sent, name) in self.sent.iter().zip(&self.cluster.names) {
            if *sent > MANY * (done + 1) {
                hints.push(format!(
                    "{name} has sent {sent} messages, which may have kept others from being heard"
                ));
            }
        }
        let hints = hints.iter().map(|hint| format!("\n    hint: {hint}"));
        hints.collect()
    }
}

fn lines(all: &[String]) -> String {
    all.iter().map(|one| format!("\n    {one}")).collect()
}
