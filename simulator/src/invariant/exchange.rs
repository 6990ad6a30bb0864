//! The exchange's agreement and validity.

use std::collections::{BTreeMap, BTreeSet};

use quorate_protocol::ReplicaId;
use quorate_service::exchange::Exchange;

use crate::plan::Plan;

/// The rule.
pub const RULE: &str = "in each round all correct processes decide alike, and if they all vote alike, they decide that vote";

/// A correct process decided wrongly.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDecision {
    /// Two correct processes decided differently.
    #[error(
        "in round {round} {first} decided '{first_decision}' and {second} decided '{second_decision}'"
    )]
    Differs {
        /// The round.
        round: u64,
        /// Who decided first.
        first: ReplicaId,
        /// What.
        first_decision: String,
        /// Who decided differently.
        second: ReplicaId,
        /// What.
        second_decision: String,
    },
    /// All correct processes voted for another decision.
    #[error("in round {round} {by} decided '{decision}', but every correct process voted '{vote}'")]
    NotTheVote {
        /// The round.
        round: u64,
        /// Who.
        by: ReplicaId,
        /// What.
        decision: String,
        /// The vote of every correct process.
        vote: String,
    },
}

/// The first decision of each round, and the decision that validity requires.
#[derive(Debug)]
pub struct Decisions {
    /// For each round from 1 on, the vote of all correct processes, if they vote alike.
    common: Vec<Option<String>>,
    first: BTreeMap<u64, (ReplicaId, String)>,
    /// The rounds that were seen decided at each process.
    seen: BTreeSet<(ReplicaId, u64)>,
}

impl Decisions {
    /// The rounds of a plan, none decided.
    #[must_use]
    pub fn new(plan: &Plan, correct: &[ReplicaId]) -> Self {
        let common = plan.rounds.iter().map(|round| {
            let mut votes = correct
                .iter()
                .filter_map(|id| round.decisions.get(id.0 as usize));
            let first = votes.next()?;
            votes.all(|vote| vote == first).then(|| first.clone())
        });
        Self {
            common: common.collect(),
            first: BTreeMap::new(),
            seen: BTreeSet::new(),
        }
    }

    /// Checks the exchange of a correct process.
    ///
    /// # Errors
    /// Another process decided a round differently, or all correct processes voted for another decision.
    pub fn check(&mut self, by: ReplicaId, exchange: &Exchange) -> Result<(), BadDecision> {
        for round in 1..=self.common.len() as u64 {
            if self.seen.contains(&(by, round)) {
                continue;
            }
            if let Some(decision) = exchange.decision(round) {
                self.seen.insert((by, round));
                self.decided(by, round, decision)?;
            }
        }
        Ok(())
    }

    fn decided(&mut self, by: ReplicaId, round: u64, decision: &str) -> Result<(), BadDecision> {
        let index = usize::try_from(round - 1).unwrap_or(usize::MAX);
        if let Some(Some(vote)) = self.common.get(index)
            && vote != decision
        {
            return Err(BadDecision::NotTheVote {
                round,
                by,
                decision: decision.to_owned(),
                vote: vote.clone(),
            });
        }
        let first = self
            .first
            .entry(round)
            .or_insert_with(|| (by, decision.to_owned()));
        if first.1 == decision {
            return Ok(());
        }
        Err(BadDecision::Differs {
            round,
            first: first.0,
            first_decision: first.1.clone(),
            second: by,
            second_decision: decision.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{BadDecision, Decisions};
    use crate::plan::{Choice, Plan, Round};
    use quorate_protocol::ReplicaId;

    #[test]
    fn another_decision_and_one_against_all_votes_are_found() {
        let choice = Choice {
            processes: Some(4),
            ..Choice::default()
        };
        let round = |decisions: [&str; 4]| Round {
            at_ms: 0,
            decisions: decisions.map(str::to_owned).to_vec(),
        };
        let plan = Plan {
            rounds: vec![round(["a", "b", "b", "b"]), round(["b", "a", "b", "b"])],
            ..Plan::generate(1, &choice)
        };
        let mut decisions = Decisions::new(&plan, &[1, 2, 3].map(ReplicaId));
        let mut decide = |by, round, what| decisions.decided(ReplicaId(by), round, what);
        assert_eq!(decide(1, 1, "b"), Ok(()));
        assert!(matches!(
            decide(2, 1, "a"),
            Err(BadDecision::NotTheVote { .. })
        ));
        assert_eq!(decide(1, 2, "a"), Ok(()));
        assert_eq!(decide(2, 2, "a"), Ok(()));
        assert!(matches!(
            decide(3, 2, "b"),
            Err(BadDecision::Differs { .. })
        ));
    }
}
