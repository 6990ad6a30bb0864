//! What came of a run.

use std::collections::BTreeMap;
use std::fmt;

use super::finding::Finding;
use super::flight::Flights;
use super::network::Loss;
use super::workload::Progress;

/// The outcome in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything was done, and nothing was wrong.
    Good,
    /// Something was wrong.
    Faulty,
    /// Not everything was done, and with so many faulty nodes nobody can demand it.
    NoDecision,
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// In one word.
    pub outcome: Outcome,
    /// What was wrong.
    pub findings: Vec<Finding>,
    /// What is worth a word, and no fault.
    pub notes: Vec<String>,
    /// How far the clients' requests came.
    pub progress: Progress,
    /// Whether the run was ended before its time, because of faults.
    pub cut_short: bool,
    /// How many nodes there were, how many of them were made faulty, and how many faulty ones are survived.
    pub nodes: (usize, usize, usize),
    /// How many messages were sent.
    pub messages: u64,
    /// How many of them did not arrive, and why.
    pub lost: BTreeMap<Loss, u64>,
    /// How many were tampered with.
    pub altered: u64,
    /// The messages for a diagram.
    pub flights: Flights,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n, faulty, bound) = self.nodes;
        for finding in &self.findings {
            writeln!(f, "fault: {finding}")?;
        }
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        if self.outcome == Outcome::NoDecision {
            for missing in &self.progress.missing {
                writeln!(f, "not reached: {missing}")?;
            }
        }
        write!(
            f,
            "{n} nodes, {faulty} made faulty, {} messages",
            self.messages
        )?;
        for (loss, count) in &self.lost {
            write!(f, ", {count} {loss}")?;
        }
        if self.altered > 0 {
            write!(f, ", {} altered by the liar", self.altered)?;
        }
        writeln!(f, ", {} done", self.progress)?;
        match self.outcome {
            Outcome::Good if faulty > bound => write!(
                f,
                "verdict: good, though {faulty} of {n} nodes were faulty and only {bound} need be survived"
            ),
            Outcome::Good => f.write_str("verdict: good"),
            Outcome::Faulty => {
                write!(f, "verdict: not good: {}", count(self.findings.len()))?;
                if self.cut_short {
                    f.write_str("; the run was ended soon after the first")?;
                }
                Ok(())
            }
            Outcome::NoDecision => write!(
                f,
                "verdict: no decision was reached, and with {faulty} of {n} nodes faulty none could be demanded: at most {bound} are survived"
            ),
        }
    }
}

fn count(faults: usize) -> String {
    match faults {
        1 => "1 fault".to_owned(),
        more => format!("{more} faults"),
    }
}
