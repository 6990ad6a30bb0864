//! The status that a node reports for a slot, and whether PBFT allows it.

use std::collections::BTreeMap;
use std::fmt;

use quorate_protocol::Quorum;

use crate::fields::{number, text, truth};
use crate::finding::{DISAGREEMENT, Findings};
use crate::message::Body;

/// Fields that a node may add. Two nodes must report the same values.
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

    /// Whether PBFT's rules for votes and phases allow this status of a slot.
    pub(super) fn check(&self, node: &str, slot: u64, rules: Rules, findings: &mut Findings) {
        let Rules {
            quorum,
            silent,
            state_transfer,
        } = rules;
        let heard = u64::from(quorum.n()).saturating_sub(silent);
        let (n, prepares, commits) = (
            u64::from(quorum.n()),
            quorum.prepares() as u64,
            quorum.size() as u64,
        );
        for (name, count, most) in [
            ("prepares_received", self.prepares, heard.min(n - 1)),
            ("commits_received", self.commits, heard),
        ] {
            if count > most {
                findings.blame(
                    node,
                    "too many votes",
                    format!(
                        "{name} of slot {slot} is {count}, but at most {most} nodes have sent one: count each sender once ({self})"
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
        if heard < commits {
            findings.blame(
                node,
                "decided without a quorum",
                format!(
                    "slot {slot} is decided, but only {heard} nodes are heard and {commits} must agree ({self})"
                ),
            );
        }
        let done = if self.committed() {
            "committed"
        } else {
            "executed"
        };
        let (most, less) = if u64::from(quorum.f()) * 3 + 1 == n {
            ("2f+1", "2f")
        } else {
            ("ceil((n+f+1)/2)", "ceil((n+f+1)/2) - 1")
        };
        for (kind, count, least, formula, words) in [
            (
                "too few COMMITs",
                self.commits,
                commits,
                most,
                "its own included",
            ),
            (
                "too few PREPAREs",
                self.prepares,
                prepares,
                less,
                "of backups, its own included",
            ),
        ] {
            if count >= least {
                continue;
            }
            let text = format!(
                "slot {slot} is {done} with {count}, and {least} are needed ({formula}, {words}): {self}"
            );
            if state_transfer {
                findings.note(kind, format!("{node}: {text}"));
            } else {
                let unless =
                    "nodes that take over what others have committed need --state-transfer";
                findings.blame(node, kind, format!("{text}; {unless}"));
            }
        }
    }
}

/// The facts that the checks need.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) quorum: Quorum,
    /// The number of nodes that send nothing.
    pub(super) silent: u64,
    pub(super) state_transfer: bool,
}

/// The added fields of each slot: the node that reported each first, and its value.
#[derive(Debug, Default)]
pub(super) struct Contents(BTreeMap<(u64, &'static str), (String, String)>);

impl Contents {
    /// Compares a node's report on an executed slot with those of other nodes.
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
                    DISAGREEMENT,
                    format!(
                        "{first} has executed {field} {other} in slot {slot} and {node} {value}"
                    ),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use quorate_protocol::Quorum;

    use super::{Contents, Rules, Status};
    use crate::finding::Findings;

    fn kinds(n: u32, silent: u64, status: (&str, u64, u64, bool)) -> Vec<&'static str> {
        let (phase, prepares, commits, executed) = status;
        let rules = Rules {
            quorum: Quorum::of(NonZeroU32::new(n).expect("it is not 0")),
            silent,
            state_transfer: false,
        };
        let status = Status {
            phase: phase.to_owned(),
            prepares,
            commits,
            executed,
        };
        let mut findings = Findings::default();
        status.check("n1", 1, rules, &mut findings);
        findings.into_all().iter().map(|one| one.kind).collect()
    }

    #[test]
    fn votes_must_be_enough_and_not_too_many() {
        let sound = [
            (4, 0, ("committed", 2, 3, true)),
            (4, 0, ("committed", 3, 4, false)),
            (4, 1, ("committed", 2, 3, true)),
            (7, 0, ("committed", 4, 5, true)),
            (4, 0, ("pre-prepare", 0, 0, false)),
            (4, 2, ("prepared", 2, 1, false)),
        ];
        for (n, silent, status) in sound {
            assert_eq!(kinds(n, silent, status), [""; 0], "{status:?}");
        }
        let unsound = [
            (4, 0, ("committed", 1, 3, true), "too few PREPAREs"),
            (4, 0, ("committed", 2, 2, true), "too few COMMITs"),
            (7, 0, ("committed", 4, 4, true), "too few COMMITs"),
            (4, 0, ("committed", 4, 4, true), "too many votes"),
            (4, 0, ("prepared", 3, 5, false), "too many votes"),
            (4, 1, ("committed", 3, 4, true), "too many votes"),
            (4, 0, ("prepared", 3, 4, true), "executed before committed"),
            (4, 2, ("committed", 2, 2, true), "decided without a quorum"),
        ];
        for (n, silent, status, kind) in unsound {
            let kinds = kinds(n, silent, status);
            assert!(kinds.contains(&kind), "{status:?}: {kinds:?}");
        }
    }

    #[test]
    fn nodes_that_tell_what_they_executed_must_tell_the_same() {
        let body = |text| serde_json::from_str(text).expect("it is JSON");
        let (mut contents, mut findings) = (Contents::default(), Findings::default());
        let mut say = |node, slot, text| {
            contents.compare(node, slot, &body(text), &mut findings);
            findings.is_empty()
        };
        assert!(say("n1", 1, r#"{"operation":"set x=42","digest":null}"#));
        assert!(say("n2", 1, r#"{"operation":"set x=42","digest":"ab"}"#));
        assert!(say("n2", 2, r#"{"operation":"set y=43"}"#));
        assert!(!say("n3", 1, r#"{"operation":"set x=43"}"#));
    }
}
