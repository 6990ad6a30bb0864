//! Do the correct processes agree?

use std::num::NonZeroU32;

use quorate_protocol::Quorum;

use crate::exchange::{Finalized, Outcome};
use crate::exit::Exit;

/// What the correct processes decided, compared.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Agreement {
    pub(crate) processes: usize,
    pub(crate) correct: Vec<String>,
    pub(crate) verdict: Verdict,
}

/// How the comparison ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// All decided this.
    Agree(String),
    /// Some decided differently: who, and what.
    Disagree(Vec<(String, String)>),
    /// These did not decide.
    NoDecision(Vec<String>),
}

impl Agreement {
    /// Compares the correct processes. Two different decisions weigh more than a missing one.
    pub(crate) fn of(finalized: &[Finalized]) -> Self {
        let mut decided = Vec::new();
        let mut undecided = Vec::new();
        for process in finalized.iter().filter(|process| process.is_correct) {
            match &process.outcome {
                Outcome::Decided(decision) => {
                    decided.push((process.process.clone(), decision.clone()));
                }
                _ => undecided.push(process.process.clone()),
            }
        }
        let correct = finalized.iter().filter(|process| process.is_correct);
        Self {
            processes: finalized.len(),
            correct: correct.map(|process| process.process.clone()).collect(),
            verdict: verdict(decided, undecided),
        }
    }

    /// How many processes must stand behind a decision.
    pub(crate) fn quorum(&self) -> usize {
        let n = u32::try_from(self.processes).ok().and_then(NonZeroU32::new);
        n.map_or(0, |n| Quorum::of(n).size())
    }

    /// The exit status that says so.
    pub(crate) fn exit(&self) -> Exit {
        match self.verdict {
            Verdict::Agree(_) => Exit::Agree,
            Verdict::Disagree(_) => Exit::Disagree,
            Verdict::NoDecision(_) => Exit::NoDecision,
        }
    }

    /// One sentence that says so: `Q, R and S agree on 'attack' (quorum 3 of 4).`
    pub(crate) fn sentence(&self) -> String {
        let quorum = format!("(quorum {} of {})", self.quorum(), self.processes);
        match &self.verdict {
            Verdict::Agree(decision) if self.correct.len() == 1 => {
                format!(
                    "{} alone decided '{decision}' {quorum}.",
                    enumerate(&self.correct)
                )
            }
            Verdict::Agree(decision) => format!(
                "{} agree on '{decision}' {quorum}.",
                enumerate(&self.correct)
            ),
            Verdict::Disagree(decided) => {
                let parts: Vec<_> = decided
                    .iter()
                    .map(|(name, decision)| format!("{name} '{decision}'"))
                    .collect();
                format!(
                    "The correct processes DISAGREE: {} {quorum}.",
                    enumerate(&parts)
                )
            }
            Verdict::NoDecision(undecided) if undecided.is_empty() => {
                format!("There is no decision: no process is correct {quorum}.")
            }
            Verdict::NoDecision(undecided) => {
                format!("There is no decision at {} {quorum}.", enumerate(undecided))
            }
        }
    }
}

fn verdict(decided: Vec<(String, String)>, undecided: Vec<String>) -> Verdict {
    let mut decisions = decided.iter().map(|(_, decision)| decision);
    let first = decisions.next().cloned();
    match first {
        Some(first) if decisions.any(|decision| *decision != first) => Verdict::Disagree(decided),
        Some(first) if undecided.is_empty() => Verdict::Agree(first),
        _ => Verdict::NoDecision(undecided),
    }
}

fn enumerate(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [name] => name.clone(),
        [names @ .., last] => format!("{} and {last}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn finalized(process: &str, is_correct: bool, outcome: Outcome) -> Finalized {
        let process = process.to_owned();
        Finalized {
            process,
            port: 1,
            is_correct,
            outcome,
            time_taken: Duration::ZERO,
            status: None,
        }
    }

    fn decided(process: &str, decision: &str) -> Finalized {
        finalized(
            process,
            decision != "faulty",
            Outcome::Decided(decision.into()),
        )
    }

    #[test]
    fn correct_processes_with_one_decision_agree_whatever_the_faulty_one_says() {
        let all = [
            decided("P", "faulty"),
            decided("Q", "attack"),
            decided("R", "attack"),
            decided("S", "attack"),
        ];
        let agreement = Agreement::of(&all);
        assert_eq!(
            agreement.sentence(),
            "Q, R and S agree on 'attack' (quorum 3 of 4)."
        );
        assert_eq!(agreement.exit(), Exit::Agree);
    }

    #[test]
    fn two_decisions_are_a_disagreement_even_if_a_third_is_missing() {
        let late = finalized("P", true, Outcome::NoDecision("late".into()));
        let agreement = Agreement::of(&[late, decided("Q", "attack"), decided("R", "retreat")]);
        assert_eq!(
            agreement.sentence(),
            "The correct processes DISAGREE: Q 'attack' and R 'retreat' (quorum 2 of 3)."
        );
        assert_eq!(agreement.exit(), Exit::Disagree);
    }

    #[test]
    fn a_correct_process_without_a_decision_is_no_decision() {
        let late = finalized("R", true, Outcome::NoDecision("late".into()));
        let agreement = Agreement::of(&[
            decided("P", "faulty"),
            decided("Q", "faulty"),
            late,
            decided("S", "attack"),
        ]);
        assert_eq!(
            agreement.sentence(),
            "There is no decision at R (quorum 3 of 4)."
        );
        assert_eq!(agreement.exit(), Exit::NoDecision);
    }

    #[test]
    fn an_unreachable_process_does_not_spoil_the_agreement() {
        let gone = finalized("P", false, Outcome::Unreachable);
        let agreement = Agreement::of(&[
            gone,
            decided("Q", "a"),
            decided("R", "a"),
            decided("S", "a"),
        ]);
        assert_eq!(agreement.exit(), Exit::Agree);
    }
}
