//! The verdict on a round: three facts, about agreement, validity and the bound.

use std::num::NonZeroU32;

use quorate_protocol::Quorum;
use quorate_server::Bound;

use crate::exit::Exit;

/// What the verdict must know of one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Judged {
    pub(crate) process: String,
    pub(crate) is_correct: bool,
    /// The decision that it was asked to tell the others.
    pub(crate) asked: String,
    /// Whether it told this decision to all correct processes.
    pub(crate) told: bool,
    pub(crate) outcome: Outcome,
}

/// How one process's `finalize_decision` ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It answered; `faulty` if it is configured so.
    Decided(String),
    /// It answered that it could not decide, or not in time.
    NoDecision(String),
    /// It could not be reached. Its server may say why.
    Unreachable(Option<String>),
}

/// The three facts.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) correct: Vec<String>,
    pub(crate) faulty: Vec<String>,
    pub(crate) agreement: Agreement,
    pub(crate) validity: Validity,
}

/// Whether the correct processes decided alike.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Agreement {
    /// All decided this.
    Kept(String),
    /// Some decided differently: each process with its decision.
    Broken(Vec<(String, String)>),
    /// They executed different batches in one slot, whatever they decided.
    Split(Split),
    /// These did not decide.
    NoDecision(Vec<String>),
}

/// A slot in which correct processes executed different batches. Each side has the names of those that executed the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Split {
    pub(crate) slot: u64,
    pub(crate) sides: Vec<Vec<String>>,
}

impl Split {
    /// `R against S executed different batches in slot 1`.
    pub(crate) fn fact(&self) -> String {
        let sides: Vec<String> = self.sides.iter().map(|side| enumerate(side)).collect();
        format!(
            "{} executed different batches in slot {}",
            sides.join(" against "),
            self.slot
        )
    }
}

/// Whether the correct processes decided what all of them had said.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Validity {
    /// All had said this, and it was decided.
    Kept(String),
    /// All had said this, and a correct process decided something else.
    Broken(String),
    /// Validity requires nothing in this round, and why.
    DoesNotApply(&'static str),
}

impl Verdict {
    /// Judges a round. `is_shared`: whether another client's votes are in it.
    pub(crate) fn of(processes: &[Judged], is_shared: bool) -> Self {
        let (correct, faulty): (Vec<_>, Vec<_>) =
            processes.iter().partition(|process| process.is_correct);
        let names = |processes: &[&Judged]| -> Vec<String> {
            let names = processes.iter().map(|process| process.process.clone());
            names.collect()
        };
        Self {
            agreement: agreement(&correct),
            validity: validity(&correct, is_shared),
            correct: names(&correct),
            faulty: names(&faulty),
        }
    }

    /// The same of processes that have executed different batches in a slot, if they have.
    pub(crate) fn with(mut self, split: Option<Split>) -> Self {
        if let Some(split) = split
            && !matches!(self.agreement, Agreement::Broken(_))
        {
            self.agreement = Agreement::Split(split);
        }
        self
    }

    /// How many processes are faulty or do not answer, beside the bound f.
    pub(crate) fn bound(&self) -> Bound {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Bound::new(number(self.processes()), number(self.faulty.len()))
    }

    /// The quorum: how many processes a decision needs.
    pub(crate) fn quorum(&self) -> usize {
        let n = u32::try_from(self.processes()).ok();
        let n = n.and_then(NonZeroU32::new);
        n.map_or(0, |n| Quorum::of(n).size())
    }

    /// The exit status. Broken agreement or validity counts more than a missing decision.
    pub(crate) fn exit(&self) -> Exit {
        match (&self.agreement, &self.validity) {
            (Agreement::Broken(_) | Agreement::Split(_), _) | (_, Validity::Broken(_)) => {
                Exit::Broken
            }
            (Agreement::NoDecision(_), _) => Exit::NoDecision,
            (Agreement::Kept(_), _) => Exit::Agree,
        }
    }

    /// What the correct processes decided, if they agree.
    pub(crate) fn decision(&self) -> Option<&str> {
        match &self.agreement {
            Agreement::Kept(decision) => Some(decision),
            Agreement::Broken(_) | Agreement::Split(_) | Agreement::NoDecision(_) => None,
        }
    }

    /// The three facts, a line each.
    pub(crate) fn lines(&self) -> String {
        format!(
            "Agreement: {} (quorum {} of {}).\nValidity:  {}.\nBound:     {}.\n",
            self.agreement_fact(),
            self.quorum(),
            self.processes(),
            self.validity_fact(),
            self.bound().fact()
        )
    }

    /// `Q, R and S agree on 'attack'`.
    pub(crate) fn agreement_fact(&self) -> String {
        let correct = enumerate(&self.correct);
        match &self.agreement {
            Agreement::Kept(decision) if self.correct.len() == 1 => {
                format!("{correct} alone decided '{decision}'")
            }
            Agreement::Kept(decision) => format!("{correct} agree on '{decision}'"),
            Agreement::Broken(decided) => {
                let decided = decided.iter();
                let parts: Vec<_> = decided
                    .map(|(name, decision)| format!("{name} '{decision}'"))
                    .collect();
                format!("the correct processes DISAGREE: {}", enumerate(&parts))
            }
            Agreement::Split(split) => {
                format!("the correct processes DISAGREE: {}", split.fact())
            }
            Agreement::NoDecision(undecided) if undecided.is_empty() => {
                "there is no decision: no process is correct".to_owned()
            }
            Agreement::NoDecision(undecided) => {
                format!("there is no decision at {}", enumerate(undecided))
            }
        }
    }

    /// `every correct process had said 'attack': kept`.
    pub(crate) fn validity_fact(&self) -> String {
        match &self.validity {
            Validity::Kept(said) => format!("every correct process had said '{said}': kept"),
            Validity::Broken(said) => format!("every correct process had said '{said}': BROKEN"),
            Validity::DoesNotApply(why) => format!("does not apply: {why}"),
        }
    }

    const fn processes(&self) -> usize {
        self.correct.len() + self.faulty.len()
    }
}

fn agreement(correct: &[&Judged]) -> Agreement {
    let decided: Vec<_> = correct
        .iter()
        .filter_map(|process| Some((process.process.clone(), decision(process)?.to_owned())))
        .collect();
    let undecided = correct.iter().filter(|process| decision(process).is_none());
    let undecided: Vec<_> = undecided.map(|process| process.process.clone()).collect();
    match decided.first() {
        Some((_, first)) if decided.iter().any(|(_, decision)| decision != first) => {
            Agreement::Broken(decided)
        }
        Some((_, first)) if undecided.is_empty() => Agreement::Kept(first.clone()),
        _ => Agreement::NoDecision(undecided),
    }
}

fn validity(correct: &[&Judged], is_shared: bool) -> Validity {
    let Some(said) = correct.first().map(|process| process.asked.as_str()) else {
        return Validity::DoesNotApply("no process is correct");
    };
    if correct.iter().any(|process| process.asked != said) {
        return Validity::DoesNotApply("the correct processes had said different things");
    }
    if is_shared {
        return Validity::DoesNotApply("another client's votes are in this round");
    }
    if correct.iter().any(|process| !process.told) {
        return Validity::DoesNotApply("not every correct process could tell every other");
    }
    let mut decided = correct.iter().filter_map(|process| decision(process));
    if decided.any(|decision| decision != said) {
        Validity::Broken(said.to_owned())
    } else if correct.iter().all(|process| decision(process).is_none()) {
        Validity::DoesNotApply("nothing was decided")
    } else {
        Validity::Kept(said.to_owned())
    }
}

fn decision(process: &Judged) -> Option<&str> {
    match &process.outcome {
        Outcome::Decided(decision) => Some(decision),
        Outcome::NoDecision(_) | Outcome::Unreachable(_) => None,
    }
}

/// `Q, R and S`.
pub(crate) fn enumerate(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [name] => name.clone(),
        [names @ .., last] => format!("{} and {last}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(process: &str, is_correct: bool, outcome: Outcome) -> Judged {
        Judged {
            process: process.to_owned(),
            is_correct,
            asked: "attack".into(),
            told: true,
            outcome,
        }
    }

    fn decided(process: &str, decision: &str) -> Judged {
        let is_correct = decision != "faulty";
        judged(process, is_correct, Outcome::Decided(decision.into()))
    }

    fn late(process: &str) -> Judged {
        judged(process, true, Outcome::NoDecision("late".into()))
    }

    #[test]
    fn correct_processes_with_one_decision_agree_whatever_the_faulty_one_says() {
        let all = [
            decided("P", "faulty"),
            decided("Q", "attack"),
            decided("R", "attack"),
            decided("S", "attack"),
        ];
        let verdict = Verdict::of(&all, false);
        assert_eq!(
            verdict.lines(),
            "Agreement: Q, R and S agree on 'attack' (quorum 3 of 4).\n\
             Validity:  every correct process had said 'attack': kept.\n\
             Bound:     1 of 4 processes is faulty, at most 1 is survived.\n"
        );
        assert_eq!(verdict.exit(), Exit::Agree);
    }

    #[test]
    fn processes_that_executed_different_batches_disagree_though_they_decided_alike() {
        let all = [
            decided("P", "faulty"),
            decided("Q", "attack"),
            decided("R", "attack"),
        ];
        let split = Split {
            slot: 7,
            sides: vec![vec!["Q".to_owned()], vec!["R".to_owned()]],
        };
        let verdict = Verdict::of(&all, false).with(Some(split));
        assert_eq!(
            verdict.agreement_fact(),
            "the correct processes DISAGREE: Q against R executed different batches in slot 7"
        );
        assert_eq!((verdict.exit(), verdict.decision()), (Exit::Broken, None));
    }

    #[test]
    fn agreement_on_what_no_correct_process_had_said_is_a_broken_validity() {
        let all = [
            decided("P", "retreat"),
            decided("Q", "retreat"),
            decided("R", "faulty"),
            decided("S", "faulty"),
        ];
        let verdict = Verdict::of(&all, false);
        assert_eq!(
            verdict.lines(),
            "Agreement: P and Q agree on 'retreat' (quorum 3 of 4).\n\
             Validity:  every correct process had said 'attack': BROKEN.\n\
             Bound:     2 of 4 processes are faulty, at most 1 is survived.\n"
        );
        assert_eq!(verdict.exit(), Exit::Broken);
    }

    #[test]
    fn validity_asks_for_nothing_unless_all_correct_processes_have_told_one_thing() {
        let validity = |all: &[Judged], is_shared| Verdict::of(all, is_shared).validity_fact();
        let mut all = [decided("P", "retreat"), decided("Q", "retreat")];
        assert_eq!(
            validity(&all, true),
            "does not apply: another client's votes are in this round"
        );
        all[1].told = false;
        assert_eq!(
            validity(&all, false),
            "does not apply: not every correct process could tell every other"
        );
        all[1].asked = "wait".into();
        assert_eq!(
            validity(&all, false),
            "does not apply: the correct processes had said different things"
        );
        assert_eq!(Verdict::of(&all, false).exit(), Exit::Agree);
    }

    #[test]
    fn two_decisions_are_a_disagreement_even_if_a_third_is_missing() {
        let all = [late("P"), decided("Q", "attack"), decided("R", "retreat")];
        let verdict = Verdict::of(&all, false);
        assert_eq!(
            verdict.agreement_fact(),
            "the correct processes DISAGREE: Q 'attack' and R 'retreat'"
        );
        assert_eq!(verdict.exit(), Exit::Broken);
    }

    #[test]
    fn a_correct_process_without_a_decision_is_no_decision() {
        let all = [
            decided("P", "faulty"),
            decided("Q", "faulty"),
            late("R"),
            decided("S", "attack"),
        ];
        let verdict = Verdict::of(&all, false);
        assert_eq!(verdict.agreement_fact(), "there is no decision at R");
        assert_eq!(verdict.exit(), Exit::NoDecision);
    }

    #[test]
    fn a_wrong_decision_at_one_weighs_more_than_a_missing_one_at_another() {
        let verdict = Verdict::of(&[late("P"), decided("Q", "retreat")], false);
        assert_eq!(verdict.exit(), Exit::Broken);
    }

    #[test]
    fn an_unreachable_process_does_not_spoil_the_agreement() {
        let all = [
            judged("P", false, Outcome::Unreachable(None)),
            decided("Q", "attack"),
            decided("R", "attack"),
            decided("S", "attack"),
        ];
        assert_eq!(Verdict::of(&all, false).exit(), Exit::Agree);
    }
}
