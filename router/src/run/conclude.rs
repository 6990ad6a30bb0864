//! The verdict, from the findings and the progress of the workload.

use super::Run;
use crate::finding::Finding;
use crate::network::Conditions;
use crate::verdict::{Fact, NodeRole, Outcome, Verdict};
use crate::workload::{Progress, Workload};

/// A node that has sent more messages than this is suspected of flooding.
const MANY: u64 = 2000;
/// How many of the things that were not reached are listed.
const TOLD: usize = 10;

impl Run<'_> {
    /// Judges the run. Without a workload the nodes were never ready.
    pub(super) fn conclude(mut self, workload: Option<&dyn Workload>, stopped: bool) -> Verdict {
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
        if !all && !stopped {
            self.blame_for_last_lines();
        }
        let bound = self.setup.conditions.bound(self.nodes.len());
        let outcome = if stopped {
            Outcome::Stopped
        } else if !self.calls.findings.is_empty() {
            Outcome::NotGood
        } else if all {
            Outcome::Good
        } else if !bound.holds() {
            Outcome::NoDecision
        } else {
            let text = format!(
                "nothing more came of it within {} s:{}{}",
                self.setup.timeout.as_secs_f64(),
                lines(&progress.missing),
                self.hint(progress.done)
            );
            self.calls.findings.blame_all("no progress", text);
            Outcome::NotGood
        };
        let judges = workload.map(Workload::judges).unwrap_or_default();
        let decided = progress.done > 0;
        let all = self.calls.findings.all();
        let agreement = fact(
            judges.agreement,
            decided,
            all.iter().any(Finding::breaks_agreement),
        );
        let validity = fact(
            judges.validity,
            decided,
            all.iter().any(Finding::breaks_validity),
        );
        Verdict {
            outcome,
            notes: self.calls.findings.notes(),
            findings: std::mem::take(&mut self.calls.findings).into_all(),
            progress,
            cut_short: self.cut_short,
            bound,
            agreement,
            validity,
            nodes: self.roles(),
            seed: self.setup.conditions.seed,
            messages: self.messages,
            lost: std::mem::take(&mut self.lost),
            altered: self.altered,
            flights: std::mem::take(&mut self.flights),
        }
    }

    fn roles(&self) -> Vec<NodeRole> {
        let Conditions { silent, liars, .. } = self.network.conditions();
        let names = self.cluster.names.iter().enumerate();
        names
            .map(|(index, name)| NodeRole {
                name: name.clone(),
                made: match liars.get(&index) {
                    Some(lie) => Some(format!("liar: {}", lie.word())),
                    None => silent.contains(&index).then(|| "silent".to_owned()),
                },
            })
            .collect()
    }

    /// Hints at what may have kept the nodes from finishing.
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
            let hint = "messages between nodes were lost: nodes must send again every message that was not answered";
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

const fn fact(judged: bool, decided: bool, broken: bool) -> Fact {
    match (broken, judged, decided) {
        (true, ..) => Fact::Broken,
        (false, false, _) => Fact::NotJudged,
        (false, true, false) => Fact::Open,
        (false, true, true) => Fact::Holds,
    }
}

fn lines(all: &[String]) -> String {
    all.iter().map(|one| format!("\n    {one}")).collect()
}
