//! What a node says of a slot, and whether it may.

use std::collections::BTreeMap;
use std::fmt;

use quorate_protocol::Quorum;

use crate::router::fields::{number, text, truth};
use crate::router::finding::Findings;
use crate::router::message::Body;

/// Fields that a node may add; what two nodes say must be the same.
const COMPARED: [&str; 2] = ["operation", "digest"];

/// A node's answer to `pbft_status`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) phase: String,
    pub(super) prepares: u64,
    pub(super) commits: u64,
    pub(super) executed: bool,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            phase,
            prepares,
            commits,
            executed,
        } = self;
        let executed = if *executed {
            "executed"
        } else {
            "not executed"
        };
        write!(
            f,
            "phase {phase}, prepares_received {prepares}, commits_received {commits}, {executed}"
        )
    }
}

impl Status {
    /// Reads an answer.
    pub(super) fn read(body: &Body) -> Result<Self, String> {
        Ok(Self {
            phase: text(body, "phase")?.to_owned(),
            prepares: number(body, "prepares_received")?,
            commits: number(body, "commits_received")?,
            executed: truth(body, "executed")?,
        })
    }

    fn committed(&self) -> bool {
        ["committed", "committed-local"].contains(&self.phase.as_str())
    }

    /// Whether a node may say this of a slot, by what PBFT says of votes and phases.
    pub(super) fn check(&self, node: &str, slot: u64, rules: Rules, findings: &mut Findings) {
        let Rules {
            quorum,
            learns_from_commits,
        } = rules;
        let (n, prepares, commits) = (
            u64::from(quorum.n()),
            quorum.prepares() as u64,
            quorum.size() as u64,
        );
        for (name, count, most) in [
            ("prepares_received", self.prepares, n - 1),
            ("commits_received", self.commits, n),
        ] {
            if count > most {
                findings.blame(
                    node,
                    "too many votes",
                    format!(
                        "{name} of slot {slot} is {count}, but only {most} nodes can send one: count each sender once ({self})"
                    ),
                );
            }
        }
        if self.executed && !self.committed() {
            findings.blame(
                node,
                "executed before committed",
                format!(
                    "slot {slot} is executed in phase '{}': execute only what is 'committed' ({self})",
                    self.phase
                ),
            );
        }
        if !self.committed() && !self.executed {
            return;
        }
        let done = if self.committed() {
            "committed"
        } else {
            "executed"
        };
        if self.commits < commits {
            findings.blame(
                node,
                "too few COMMITs",
                format!(
                    "slot {slot} is {done} with {} COMMITs: {commits} are needed (2f+1, its own included) ({self})",
                    self.commits
                ),
            );
        }
        if self.prepares < prepares && !learns_from_commits {
            findings.blame(
                node,
                "too few PREPAREs",
                format!(
                    "slot {slot} is {done} with {} PREPAREs: {prepares} of backups are needed (2f, its own included), next to the PRE-PREPARE ({self})",
                    self.prepares
                ),
            );
        }
    }
}

/// What the checks go by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) quorum: Quorum,
    pub(super) learns_from_commits: bool,
}

/// What nodes say beyond that, slot by slot: who said it first, and what.
#[derive(Debug, Default)]
pub(super) struct Contents(BTreeMap<(u64, &'static str), (String, String)>);

impl Contents {
    /// Compares what a node says of an executed slot with what others said.
    pub(super) fn compare(&mut self, node: &str, slot: u64, body: &Body, findings: &mut Findings) {
        for field in COMPARED {
            let Some(value) = body.get(field).filter(|value| !value.is_null()) else {
                continue;
            };
            let value = value.to_string();
            let told = self.0.entry((slot, field));
            let (first, other) = told.or_insert_with(|| (node.to_owned(), value.clone()));
            if *other != value {
                findings.blame_all(
                    "disagreement",
                    format!(
                        "{first} has executed {field} {other} in slot {slot} and {node} {value}"
                    ),
                );
            }
        }
    }
}
