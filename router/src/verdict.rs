//! The verdict on a run.

use std::collections::BTreeMap;
use std::fmt;

use quorate_fault::Bound;
use serde::Serialize;

use super::finding::Finding;
use super::flight::Flights;
use super::network::Loss;
use super::workload::Progress;

/// The outcome in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All requests were done, and nothing was wrong.
    Good,
    /// Something was wrong.
    NotGood,
    /// Nothing was wrong, but not all requests were done. With this many faulty nodes, none need be.
    NoDecision,
    /// The run was stopped from outside before it was over.
    Stopped,
}

/// Whether something holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// It holds, as far as the answers of the nodes show.
    Holds,
    /// It does not hold.
    Broken,
    /// Nothing was decided, so there is nothing to judge.
    Open,
    /// The workload says nothing about it.
    NotJudged,
}

/// A node, with the fault that it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRole {
    /// Its name.
    pub name: String,
    /// `silent`, or `liar: alter`; `None` for a correct node.
    pub made: Option<String>,
}

/// The verdict on a run.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// In one word.
    pub outcome: Outcome,
    /// Whether the correct nodes decided alike.
    pub agreement: Fact,
    /// Whether they decided only requests that a client had sent.
    pub validity: Fact,
    /// The bound: how many nodes were made faulty, beside f.
    pub bound: Bound,
    /// The nodes.
    pub nodes: Vec<NodeRole>,
    /// The findings.
    pub findings: Vec<Finding>,
    /// Remarks that are not faults.
    pub notes: Vec<String>,
    /// How many of the clients' requests were done.
    pub progress: Progress,
    /// Whether the run was ended before its time, because of faults.
    pub cut_short: bool,
    /// The seed.
    pub seed: u64,
    /// How many messages were sent.
    pub messages: u64,
    /// How many of them did not arrive, and why.
    pub lost: BTreeMap<Loss, u64>,
    /// How many were tampered with.
    pub altered: u64,
    /// The messages for a diagram.
    pub flights: Flights,
}

impl Verdict {
    /// The verdict as one JSON object, without a newline.
    #[must_use]
    pub fn json(&self) -> String {
        // Texts, numbers and lists always have a JSON form.
        serde_json::to_string(&Json::of(self)).unwrap_or_default()
    }

    fn sentence(&self) -> String {
        match self.outcome {
            Outcome::Good if self.bound.holds() => "good".to_owned(),
            Outcome::Good => "good, though nothing is promised beyond the bound".to_owned(),
            Outcome::NotGood => {
                let mut text = format!("not good: {}", count(self.findings.len()));
                if self.cut_short {
                    text += "; the run was ended soon after the first";
                }
                if self.is_broken() && !self.bound.holds() {
                    text += "; beyond the bound this is to be expected";
                }
                text
            }
            Outcome::NoDecision => {
                "no decision was reached, and beyond the bound none is required".to_owned()
            }
            Outcome::Stopped => match self.findings.len() {
                0 => "stopped before the end; nothing was wrong so far".to_owned(),
                faults => format!("stopped before the end; not good: {}", count(faults)),
            },
        }
    }

    /// Whether agreement or validity is broken.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        [self.agreement, self.validity].contains(&Fact::Broken)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            writeln!(f, "fault: {finding}")?;
        }
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        if matches!(self.outcome, Outcome::NoDecision | Outcome::Stopped) {
            for missing in &self.progress.missing {
                writeln!(f, "not reached: {missing}")?;
            }
        }
        write!(f, "seed {}: {} messages", self.seed, self.messages)?;
        for (loss, count) in &self.lost {
            write!(f, ", {count} {loss}")?;
        }
        if self.altered > 0 {
            write!(f, ", {} altered by the liar", self.altered)?;
        }
        writeln!(f, ", {} done", self.progress)?;
        if let Some(words) = agreement_words(self.agreement) {
            writeln!(f, "agreement: {words}")?;
        }
        if let Some(words) = validity_words(self.validity) {
            writeln!(f, "validity: {words}")?;
        }
        writeln!(f, "bound: {}", self.bound.fact())?;
        write!(f, "verdict: {}", self.sentence())
    }
}

const fn agreement_words(fact: Fact) -> Option<&'static str> {
    match fact {
        Fact::Holds => Some("the correct nodes decided alike"),
        Fact::Broken => Some("broken, correct nodes did not decide or answer alike"),
        Fact::Open => Some("nothing was decided"),
        Fact::NotJudged => None,
    }
}

const fn validity_words(fact: Fact) -> Option<&'static str> {
    match fact {
        Fact::Holds => Some("clients had asked for all that was decided"),
        Fact::Broken => Some("broken, something was decided that no client had asked for"),
        Fact::Open => Some("nothing was decided"),
        Fact::NotJudged => None,
    }
}

fn count(faults: usize) -> String {
    match faults {
        1 => "1 fault".to_owned(),
        more => format!("{more} faults"),
    }
}

/// The verdict as JSON; the fields in this order.
#[derive(Debug, Serialize)]
struct Json<'a> {
    v: u8,
    verdict: Outcome,
    text: String,
    agreement: Fact,
    validity: Fact,
    bound: Bound,
    seed: u64,
    nodes: Vec<JsonNode<'a>>,
    /// Findings for which no single node can be blamed.
    faults: Vec<JsonFault<'a>>,
    notes: &'a [String],
    requests: JsonRequests<'a>,
    messages: JsonMessages,
    cut_short: bool,
}

#[derive(Debug, Serialize)]
struct JsonNode<'a> {
    name: &'a str,
    /// The fault that it was given; null for a correct node.
    made: Option<&'a str>,
    faults: Vec<JsonFault<'a>>,
}

#[derive(Debug, Serialize)]
struct JsonFault<'a> {
    kind: &'a str,
    text: &'a str,
    /// How often it was found.
    count: u64,
}

#[derive(Debug, Serialize)]
struct JsonRequests<'a> {
    asked: u64,
    done: u64,
    missing: &'a [String],
}

#[derive(Debug, Serialize)]
struct JsonMessages {
    sent: u64,
    /// By the reason for which they did not arrive.
    lost: BTreeMap<String, u64>,
    altered: u64,
}

impl<'a> Json<'a> {
    fn of(verdict: &'a Verdict) -> Self {
        let faults = |node: Option<&str>| {
            let its = verdict.findings.iter();
            its.filter(|one| one.node.as_deref() == node)
                .map(|one| JsonFault {
                    kind: one.kind,
                    text: &one.text,
                    count: one.more + 1,
                })
                .collect()
        };
        let nodes = verdict.nodes.iter().map(|node| JsonNode {
            name: &node.name,
            made: node.made.as_deref(),
            faults: faults(Some(&node.name)),
        });
        let lost = verdict.lost.iter();
        Self {
            v: 1,
            verdict: verdict.outcome,
            text: verdict.sentence(),
            agreement: verdict.agreement,
            validity: verdict.validity,
            bound: verdict.bound,
            seed: verdict.seed,
            nodes: nodes.collect(),
            faults: faults(None),
            notes: &verdict.notes,
            requests: JsonRequests {
                asked: verdict.progress.requests,
                done: verdict.progress.done,
                missing: &verdict.progress.missing,
            },
            messages: JsonMessages {
                sent: verdict.messages,
                lost: lost
                    .map(|(loss, count)| (loss.to_string(), *count))
                    .collect(),
                altered: verdict.altered,
            },
            cut_short: verdict.cut_short,
        }
    }
}
