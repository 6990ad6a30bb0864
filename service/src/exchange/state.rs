//! The replicated part of the exchange.

use std::collections::BTreeMap;
use std::sync::Arc;

use quorate_protocol::{ReplicaId, Sequence};

use super::{Command, CountedBallot, Round, Rules, check_decision, most_common};
use crate::BadSnapshot;
use crate::encode::encode;
use crate::snapshot::read_part;

/// How many rounds before and after the latest decided one are kept.
pub const WINDOW: u64 = 1024;

/// How many rounds a part of the snapshot has at most: those with the same quotient share one. With the decisions and the
/// numbers of processes that people use, that is well below 64 KiB.
const ROUNDS_PER_PART: u64 = 32;

/// All rounds near the latest decided one.
#[derive(Debug)]
pub struct Exchange {
    rules: Rules,
    /// The greatest round decided so far; 0 before any.
    latest: u64,
    rounds: BTreeMap<u64, Round>,
}

impl Exchange {
    /// An exchange in which no round has closed.
    #[must_use]
    pub const fn new(rules: Rules) -> Self {
        Self {
            rules,
            latest: 0,
            rounds: BTreeMap::new(),
        }
    }

    /// What all processes agree on beforehand.
    #[must_use]
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The greatest round decided so far; 0 before any.
    #[must_use]
    pub const fn latest(&self) -> u64 {
        self.latest
    }

    /// A round's record, if anything of it has executed and it is still kept.
    #[must_use]
    pub fn round(&self, round: u64) -> Option<&Round> {
        self.rounds.get(&round)
    }

    /// What a round decided.
    #[must_use]
    pub fn decision(&self, round: u64) -> Option<&str> {
        self.round(round)?.decision.as_deref()
    }

    /// The rounds that have closed and are not decided.
    pub fn closed(&self) -> impl Iterator<Item = u64> + '_ {
        self.rounds
            .iter()
            .filter(|(_, round)| round.closed_at.is_some() && round.decision.is_none())
            .map(|(number, _)| *number)
    }

    /// Whether a round can still be voted on, closed, or asked for.
    #[must_use]
    pub const fn in_window(&self, round: u64) -> bool {
        round > self.latest.saturating_sub(WINDOW) && round <= self.latest.saturating_add(WINDOW)
    }

    /// Executes a process's commands, in order. What makes no sense does nothing.
    pub fn execute(&mut self, sequence: Sequence, process: ReplicaId, commands: Vec<Command>) {
        for command in commands {
            self.apply(sequence, process, command);
        }
    }

    /// The exchange in parts, as [`crate::Service::snapshot`] has it: the latest round decided, then the rounds kept.
    #[must_use]
    pub fn snapshot(&self) -> Vec<Arc<[u8]>> {
        let rounds: Vec<_> = self.rounds.iter().collect();
        let together = rounds
            .chunk_by(|(one, _), (other, _)| *one / ROUNDS_PER_PART == *other / ROUNDS_PER_PART);
        let mut parts = vec![encode(&self.latest).into()];
        parts.extend(together.map(|rounds| encode(rounds).into()));
        parts
    }

    /// The exchange that a snapshot is of.
    ///
    /// # Errors
    /// The parts are not what [`Exchange::snapshot`] gives.
    pub fn restored(rules: Rules, parts: &[Arc<[u8]>]) -> Result<Self, BadSnapshot> {
        let mut exchange = Self::new(rules);
        exchange.latest = read_part(parts.first())?;
        for part in parts.iter().skip(1) {
            let rounds: Vec<(u64, Round)> = read_part(Some(part))?;
            exchange.rounds.extend(rounds);
        }
        let kept = exchange
            .rounds
            .keys()
            .all(|round| exchange.in_window(*round));
        // Rounds out of order or twice, and cuts elsewhere, show in the comparison.
        if kept && exchange.snapshot() == parts {
            Ok(exchange)
        } else {
            Err(BadSnapshot::NotCanonical)
        }
    }

    fn apply(&mut self, sequence: Sequence, process: ReplicaId, command: Command) {
        match command {
            Command::Close { round } if self.in_window(round) => {
                self.rounds
                    .entry(round)
                    .or_default()
                    .closed_at
                    .get_or_insert(sequence);
            }
            Command::Ballot { round, votes } if self.in_window(round) => {
                self.count(sequence, process, round, &votes);
            }
            Command::Close { .. } | Command::Ballot { .. } => {}
        }
    }

    /// Counts a ballot if the round has closed, is undecided, has none of this process yet, and the ballot has enough
    /// votes of processes that exist, each of them a decision.
    fn count(
        &mut self,
        sequence: Sequence,
        process: ReplicaId,
        number: u64,
        votes: &BTreeMap<ReplicaId, String>,
    ) {
        let (n, enough) = (self.rules.quorum.n(), self.rules.enough());
        let Some(round) = self.rounds.get_mut(&number) else {
            return;
        };
        let counts = round.closed_at.is_some()
            && round.decision.is_none()
            && process.0 < n
            && votes.len() >= enough
            && votes.keys().all(|voter| voter.0 < n)
            && votes.values().all(|vote| check_decision(vote).is_ok())
            && round.ballots.iter().all(|ballot| ballot.process != process);
        if !counts {
            return;
        }
        let default = self.rules.default_decision.as_str();
        let decision = most_common(votes.values().map(String::as_str), default).to_owned();
        round.ballots.push(CountedBallot {
            process,
            sequence,
            decision,
        });
        if round.ballots.len() == enough {
            let values = round.ballots.iter().map(|ballot| ballot.decision.as_str());
            round.decision = Some(most_common(values, default).to_owned());
            self.latest = self.latest.max(number);
            self.rounds = self
                .rounds
                .split_off(&(self.latest.saturating_sub(WINDOW) + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use quorate_protocol::Quorum;

    use super::*;

    #[test]
    fn a_ballot_with_a_vote_for_what_is_no_decision_does_not_count() {
        let mut exchange = Exchange::new(Rules {
            quorum: Quorum::of(NonZeroU32::new(4).unwrap()),
            default_decision: "retreat".into(),
        });
        let round = 1;
        exchange.apply(Sequence(1), ReplicaId(0), Command::Close { round });
        let mut ballots = |value: &str| {
            let votes = (0..3).map(|i| (ReplicaId(i), value.to_owned())).collect();
            let ballot = Command::Ballot { round, votes };
            exchange.apply(Sequence(2), ReplicaId(1), ballot);
            exchange.round(round).unwrap().ballots.len()
        };
        assert_eq!(ballots(""), 0);
        assert_eq!(ballots("two\nlines"), 0);
        assert_eq!(ballots("attack"), 1);
    }
}
