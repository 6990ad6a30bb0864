//! Gathering: all correct members see the same, and what they see follows from the order.
//!
//! `naive` works out what follows once more, from the ordered commands alone and in the plainest way.

mod naive;

use std::collections::BTreeMap;

use quorate_protocol::message::Request;
use quorate_protocol::{ReplicaId, Sequence};
use quorate_service::gathering::{Gathering as State, Happened, Happening, Stage};

use crate::plan::{self, Plan};
use crate::process::Process;

use naive::{Naive, Order, Summary};

/// The rule.
pub const RULE: &str = "gathering: all correct members see the same agreement and the same winner, which follow from the order; \
     what they say counts, and only liars are named";

/// The most commands of one member in a run, without the results of parts: the founding, two offers, two lots, a question and a job,
/// bids, ballots, reveals, and the closes of all phases.
pub(crate) const MOST_COMMANDS: usize = 32;

/// A correct member sees what it must not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misgathered {
    /// Two correct members see different things.
    #[error("{by} and {other} tell different things as number {number}: '{told}' and '{others}'")]
    Differ {
        /// The one.
        by: ReplicaId,
        /// The other.
        other: ReplicaId,
        /// The number of what happened.
        number: u64,
        /// What the one tells.
        told: String,
        /// What the other tells.
        others: String,
    },
    /// Something that a correct member said in time does not count.
    #[error("{by} tells of the correct member {named}, which had time enough: {told}")]
    CorrectLate {
        /// Who tells it.
        by: ReplicaId,
        /// Of whom.
        named: ReplicaId,
        /// What it is said to have done.
        told: String,
    },
    /// A correct member is named.
    #[error("{by} calls the correct member {named} malicious: {told}")]
    CorrectNamed {
        /// Who names it.
        by: ReplicaId,
        /// Who is named.
        named: ReplicaId,
        /// What it is said to have done.
        told: String,
    },
    /// What a member sees does not follow from the order.
    #[error("{by} has as {what}: {found}; from the order follows: {expected}")]
    Wrong {
        /// Who.
        by: ReplicaId,
        /// What.
        what: &'static str,
        /// What it has.
        found: String,
        /// What it must have.
        expected: String,
    },
    /// What a correct member has said does not count.
    #[error("the {what} of the correct member {member} does not count, though it had time enough")]
    Unheard {
        /// Whose.
        member: ReplicaId,
        /// What.
        what: &'static str,
    },
}

/// What is known of the gathering of a run.
#[derive(Debug)]
pub(crate) struct Gatherings {
    gathering: Option<plan::Gathering>,
    correct: Vec<ReplicaId>,
    /// What happened, by number, and who told it first.
    told: BTreeMap<u64, (ReplicaId, Happened)>,
    order: Order,
}

impl Gatherings {
    pub(crate) fn new(plan: &Plan, correct: Vec<ReplicaId>) -> Self {
        Self {
            gathering: plan.gathering.clone(),
            correct,
            told: BTreeMap::new(),
            order: Order::default(),
        }
    }

    /// A correct process executes the requests of a slot.
    pub(crate) fn executed(&mut self, slot: Sequence, requests: &[Request]) {
        if self.gathering.is_some() {
            self.order.add(slot, requests);
        }
    }

    /// A correct process tells what has happened.
    ///
    /// # Errors
    /// Another has told something else, or a correct member is named.
    pub(crate) fn told(&mut self, by: ReplicaId, happened: &Happened) -> Result<(), Misgathered> {
        let first = self.told.entry(happened.number);
        let (other, first) = first.or_insert_with(|| (by, happened.clone()));
        if first != happened {
            return Err(Misgathered::Differ {
                by,
                other: *other,
                number: happened.number,
                told: happened.to_string(),
                others: first.to_string(),
            });
        }
        if let Happening::Misdeed(named, misdeed) = &happened.happening
            && self.correct.contains(named)
        {
            let (named, told) = (*named, happened.to_string());
            if misdeed.stage() == Stage::Malicious {
                return Err(Misgathered::CorrectNamed { by, named, told });
            }
            if self.gathering.as_ref().is_some_and(|one| one.all_count) {
                return Err(Misgathered::CorrectLate { by, named, told });
            }
        }
        Ok(())
    }

    /// Checks what the correct processes have at the end, when all have executed the same.
    ///
    /// # Errors
    /// It does not follow from the order, or somebody is not heard.
    pub(crate) fn check_end(&self, correct: &[&Process]) -> Result<(), Misgathered> {
        let Some(gathering) = &self.gathering else {
            return Ok(());
        };
        for process in correct {
            let state = process.gathering();
            self.check_order(process)?;
            if gathering.all_count {
                self.check_heard(gathering, state)?;
            }
        }
        Ok(())
    }

    fn check_order(&self, process: &Process) -> Result<(), Misgathered> {
        let (by, state) = (process.own(), process.gathering());
        let naive = Naive::of(&self.order, process.status().executed, state);
        let wrong = |(what, found, expected)| Misgathered::Wrong {
            by,
            what,
            found,
            expected,
        };
        naive.check_choice(state).map_err(wrong)?;
        match Summary::of(state).difference(&naive.summary()) {
            Some(difference) => Err(wrong(difference)),
            None => Ok(()),
        }
    }

    /// Whether all that correct members want to say counts.
    fn check_heard(&self, gathering: &plan::Gathering, state: &State) -> Result<(), Misgathered> {
        let lots = gathering.lots();
        let lots = || state.lots().iter().filter(|lot| lots.contains(&lot.name));
        let question = state
            .questions()
            .iter()
            .find(|one| one.name == plan::question());
        for member in &self.correct {
            let wants = gathering.members.get(member.0 as usize);
            let record = state.record(*member);
            let unheard = |what| Misgathered::Unheard {
                member: *member,
                what,
            };
            if record.is_none_or(|record| record.offer.is_none()) {
                return Err(unheard("offer"));
            }
            let takes_part = state.takes_part(*member);
            for lot in lots().filter(|_| takes_part) {
                let bid = lot.what.bids.get(member).and_then(|bid| bid.what.amount);
                if bid != wants.and_then(|wants| wants.bid) {
                    return Err(unheard("bid"));
                }
            }
            let has_ballot = wants.is_some_and(|wants| !wants.ballot.is_empty());
            if let (Some(question), true) = (question, takes_part && has_ballot)
                && !question.what.ballots.contains_key(member)
            {
                return Err(unheard("ballot"));
            }
        }
        Ok(())
    }
}
