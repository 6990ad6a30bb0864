//! The replicated part of the exchange.

use std::collections::{BTreeMap, BTreeSet};

use quorate_protocol::{Cached, Part, ReplicaId, Sequence};
use serde::{Deserialize, Serialize};

use super::{Ballot, Command, Round, Rules};
use crate::BadSnapshot;
use crate::encode::encode;
use crate::snapshot::read_part;

/// The rounds kept before and after the latest decided one.
pub const WINDOW: u64 = 1024;

/// The most rounds in one part of the snapshot: the rounds with the same quotient.
const ROUNDS_PER_PART: u64 = 32;
/// The most bytes in one part. With many processes and long decisions the ballots of 32 rounds would not fit into one
/// message, and even those of one round would not fit into one part.
const PART_BYTES: usize = 64 * 1024;
/// The most bytes of the number of rounds and ballots in a part.
const LENGTH: usize = 3;

/// The number of latest rounds whose single votes are kept. The ballots' values are kept longer.
const VOTES_KEPT: u64 = 32;

/// Of a round that is further ahead of the latest decided one, single votes are not kept either. Faulty processes may order ballots in
/// all rounds of the window.
const VOTES_AHEAD: u64 = 8;

/// The records of the rounds near the latest decided one.
#[derive(Clone, Debug)]
pub struct Exchange {
    rules: Rules,
    /// The highest decided round; 0 before any.
    latest: u64,
    rounds: BTreeMap<u64, Round>,
    /// The rounds that are closed but not decided. They are looked at in each turn, and all rounds are many more.
    open: BTreeSet<u64>,
    /// The parts of the rounds with the same quotient, by that quotient.
    parts: BTreeMap<u64, Cached<Vec<Part>>>,
}

impl Exchange {
    /// An exchange in which no round has closed.
    #[must_use]
    pub const fn new(rules: Rules) -> Self {
        Self {
            rules,
            latest: 0,
            rounds: BTreeMap::new(),
            open: BTreeSet::new(),
            parts: BTreeMap::new(),
        }
    }

    /// The rules on which all processes agree.
    #[must_use]
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The highest decided round; 0 before any.
    #[must_use]
    pub const fn latest(&self) -> u64 {
        self.latest
    }

    /// The record of a round. `None` if nothing of it has executed, or if it is no longer kept.
    #[must_use]
    pub fn round(&self, round: u64) -> Option<&Round> {
        self.rounds.get(&round)
    }

    /// The decision of a round.
    #[must_use]
    pub fn decision(&self, round: u64) -> Option<&str> {
        self.round(round)?.decision.as_deref()
    }

    /// The rounds that are closed but not decided.
    pub fn closed(&self) -> impl Iterator<Item = u64> + '_ {
        self.open.iter().copied()
    }

    /// Whether a round can still be voted on, closed or asked for.
    #[must_use]
    pub const fn in_window(&self, round: u64) -> bool {
        round > self.latest.saturating_sub(WINDOW) && round <= self.latest.saturating_add(WINDOW)
    }

    /// Executes the commands of a process in order. Invalid commands do nothing.
    pub fn execute(&mut self, sequence: Sequence, process: ReplicaId, commands: Vec<Command>) {
        for command in commands {
            self.apply(sequence, process, command);
        }
    }

    /// The parts for [`crate::Service::snapshot`]: first the latest decided round, then the kept rounds.
    #[must_use]
    pub fn snapshot(&self) -> Vec<Part> {
        let mut parts = vec![encode(&self.latest).into()];
        for (quotient, cached) in &self.parts {
            let first = quotient * ROUNDS_PER_PART;
            let rounds = self
                .rounds
                .range(first..=first.saturating_add(ROUNDS_PER_PART - 1));
            let made = cached.get_or_make(|| small_parts(rounds));
            parts.extend_from_slice(made);
        }
        parts
    }

    /// The exchange that these parts encode.
    ///
    /// # Errors
    /// [`Exchange::snapshot`] would not produce these parts.
    pub fn restored(rules: Rules, parts: &[Part]) -> Result<Self, BadSnapshot> {
        let mut exchange = Self::new(rules);
        exchange.latest = read_part(parts.first())?;
        let mut last = None;
        for part in parts.iter().skip(1) {
            let items = read_part(Some(part))?;
            rounds_of(items, &mut exchange.rounds, &mut last).ok_or(BadSnapshot::Unreadable)?;
        }
        let quotients = exchange.rounds.keys().map(|round| round / ROUNDS_PER_PART);
        exchange.parts = quotients.map(|one| (one, Cached::default())).collect();
        let is_open = |round: &Round| round.closed_at.is_some() && round.decision.is_none();
        let open = exchange.rounds.iter().filter(|(_, round)| is_open(round));
        exchange.open = open.map(|(number, _)| *number).collect();
        let kept = exchange
            .rounds
            .keys()
            .all(|round| exchange.in_window(*round));
        // The comparison finds rounds out of order, repeated rounds and wrong part boundaries.
        if kept && exchange.snapshot() == parts {
            Ok(exchange)
        } else {
            Err(BadSnapshot::NotCanonical)
        }
    }

    fn apply(&mut self, sequence: Sequence, process: ReplicaId, command: Command) {
        match command {
            Command::Close { round } if self.in_window(round) => {
                let closed = &mut self.rounds.entry(round).or_default().closed_at;
                if closed.is_none() {
                    *closed = Some(sequence);
                    self.open.insert(round);
                    self.changed(round);
                }
            }
            Command::Ballot { round, votes } if self.in_window(round) => {
                self.add(sequence, process, round, &votes);
            }
            Command::Close { .. } | Command::Ballot { .. } => {}
        }
    }

    /// Adds a ballot to its round. A ballot for a round that is not closed is dropped.
    fn add(
        &mut self,
        sequence: Sequence,
        process: ReplicaId,
        number: u64,
        votes: &BTreeMap<ReplicaId, String>,
    ) {
        let round = self.rounds.get_mut(&number);
        let Some(round) = round.filter(|_| process.0 < self.rules.quorum.n()) else {
            return;
        };
        let before = self.latest;
        let decided = round.add(&self.rules, sequence, process, votes);
        self.changed(number);
        if decided {
            self.open.remove(&number);
            self.latest = self.latest.max(number);
            self.forget_rounds();
        }
        self.forget_votes(before.min(number + VOTES_KEPT));
        if number > self.latest + VOTES_AHEAD
            && let Some(round) = self.rounds.get_mut(&number)
        {
            round.forget_votes();
        }
    }

    /// Notes that a round is not as it was: its part must be made again.
    fn changed(&mut self, round: u64) {
        let part = self.parts.entry(round / ROUNDS_PER_PART).or_default();
        part.forget();
    }

    /// Forgets the rounds before the window.
    fn forget_rounds(&mut self) {
        let first = self.latest.saturating_sub(WINDOW) + 1;
        self.open = self.open.split_off(&first);
        let kept = self.rounds.split_off(&first);
        let forgotten = std::mem::replace(&mut self.rounds, kept);
        if !forgotten.is_empty() {
            self.parts = self.parts.split_off(&(first / ROUNDS_PER_PART));
            self.changed(first);
        }
    }

    /// Forgets the votes of older rounds, so that the snapshot stays small. For rounds that were already old before
    /// this decision it is done.
    fn forget_votes(&mut self, latest_before: u64) {
        let oldest = |latest: u64| latest.saturating_sub(VOTES_KEPT);
        let old = oldest(latest_before)..=oldest(self.latest);
        let mut changed = Vec::new();
        for (number, round) in self.rounds.range_mut(old) {
            if round.forget_votes() {
                changed.push(*number);
            }
        }
        changed.into_iter().for_each(|round| self.changed(round));
    }
}

/// What the parts of the rounds list: a round, and after it its ballots.
#[derive(Serialize, Deserialize)]
enum Item<Decision, Kept> {
    Round(u64, Option<Sequence>, Decision),
    Ballot(Kept),
}

/// Encodes rounds, as many rounds and ballots as fit into each part.
fn small_parts<'a>(rounds: impl Iterator<Item = (&'a u64, &'a Round)>) -> Vec<Part> {
    let items = rounds.flat_map(|(number, round)| {
        let ballots = round.ballots.iter().map(Item::Ballot);
        let head = Item::Round(*number, round.closed_at, &round.decision);
        std::iter::once(head).chain(ballots)
    });
    let mut parts = Vec::new();
    let (mut together, mut bytes) = (Vec::new(), 0);
    for item in items {
        let size = encode(&item).len();
        if bytes + size + LENGTH > PART_BYTES && !together.is_empty() {
            parts.push(encode(&together).into());
            together.clear();
            bytes = 0;
        }
        together.push(item);
        bytes += size;
    }
    if !together.is_empty() {
        parts.push(encode(&together).into());
    }
    parts
}

/// Decodes rounds. `None` if a ballot stands before any round.
fn rounds_of(
    items: Vec<Item<Option<String>, Ballot>>,
    rounds: &mut BTreeMap<u64, Round>,
    last: &mut Option<u64>,
) -> Option<()> {
    for item in items {
        match item {
            Item::Round(number, closed_at, decision) => {
                let ballots = Vec::new();
                rounds.insert(
                    number,
                    Round {
                        closed_at,
                        ballots,
                        decision,
                    },
                );
                *last = Some(number);
            }
            Item::Ballot(ballot) => rounds.get_mut(&(*last)?)?.ballots.push(ballot),
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use quorate_protocol::Quorum;

    use super::*;

    fn votes(values: &[&str]) -> BTreeMap<ReplicaId, String> {
        let values = values.iter().map(ToString::to_string);
        (0..).map(ReplicaId).zip(values).collect()
    }

    fn exchange() -> Exchange {
        Exchange::new(Rules {
            quorum: Quorum::of(NonZeroU32::new(4).unwrap()),
            default_decision: "retreat".into(),
        })
    }

    /// Closes a round, then executes these ballots one after another.
    fn play(exchange: &mut Exchange, round: u64, ballots: &[(u32, &[&str])]) {
        exchange.apply(Sequence(1), ReplicaId(0), Command::Close { round });
        for ((process, values), slot) in ballots.iter().zip(2..) {
            let votes = votes(values);
            let ballot = Command::Ballot { round, votes };
            exchange.apply(Sequence(slot), ReplicaId(*process), ballot);
        }
    }

    #[test]
    fn a_ballot_that_does_not_count_is_kept_once_with_the_reason() {
        let attack: &[&str] = &["attack"; 3];
        let mut exchange = exchange();
        let bad: &[&str] = &["attack", "attack", "two\nlines"];
        let ballots = [
            (0, attack),
            (0, attack),
            (0, attack),
            (1, &attack[..2]),
            (2, bad),
            (1, attack),
            (2, attack),
            (3, attack),
            (3, attack),
        ];
        play(&mut exchange, 1, &ballots);
        let round = exchange.round(1).unwrap();
        let kept: Vec<_> = round
            .ballots
            .iter()
            .map(|ballot| (ballot.process.0, ballot.sequence.0, ballot.refused))
            .collect();
        use crate::exchange::BallotRefused::{AfterDecision, BadVote, Second, TooFewVotes};
        assert_eq!(
            kept,
            [
                (0, 2, None),
                (0, 3, Some(Second)),
                (1, 5, Some(TooFewVotes)),
                (2, 6, Some(BadVote)),
                (1, 7, None),
                (2, 8, None),
                (3, 9, Some(AfterDecision)),
            ]
        );
        let senseless = round.ballots.iter().find(|ballot| ballot.sequence.0 == 6);
        assert!(senseless.unwrap().votes.is_empty());
        assert_eq!(round.decision.as_deref(), Some("attack"));
    }

    #[test]
    fn the_closed_rounds_are_those_without_a_decision_in_the_window_and_a_restored_exchange_has_the_same()
     {
        let mut exchange = exchange();
        let attack: &[&str] = &["attack"; 3];
        let decide = [(0, attack), (1, attack), (2, attack)];
        for round in [1, 5, 7] {
            play(&mut exchange, round, &[]);
        }
        play(&mut exchange, 5, &decide);
        assert_eq!(exchange.closed().collect::<Vec<_>>(), [1, 7]);
        let restored = Exchange::restored(exchange.rules.clone(), &exchange.snapshot()).unwrap();
        assert_eq!(restored.closed().collect::<Vec<_>>(), [1, 7]);
        for round in [900, 900 + WINDOW] {
            play(&mut exchange, round, &decide);
        }
        assert_eq!(exchange.closed().next(), None, "they are too old");
    }

    #[test]
    fn a_tie_gives_the_default_and_is_marked_in_the_ballot() {
        let mut exchange = exchange();
        let tied: &[&str] = &["attack", "attack", "wait", "wait"];
        let others: &[&str] = &["attack", "attack", "wait"];
        play(&mut exchange, 1, &[(0, tied), (1, others), (2, others)]);
        let round = exchange.round(1).unwrap();
        let values: Vec<_> = round
            .ballots
            .iter()
            .map(|ballot| (ballot.decision.as_str(), ballot.tie))
            .collect();
        assert_eq!(
            values,
            [("retreat", true), ("attack", false), ("attack", false)]
        );
        let tally: Vec<_> = round.tally().counts().collect();
        assert_eq!(tally, [("attack", 2), ("retreat", 1)]);
    }

    #[test]
    fn parts_stay_small_with_many_processes_and_long_decisions() {
        let n = 64;
        let rules = Rules {
            quorum: Quorum::of(NonZeroU32::new(n).unwrap()),
            default_decision: "retreat".into(),
        };
        let mut exchange = Exchange::new(rules.clone());
        let long = "x".repeat(200);
        let all = vec![long.as_str(); n as usize];
        let ballots: Vec<_> = (0..n).map(|process| (process, &all[..])).collect();
        for round in 1..=3 {
            play(&mut exchange, round, &ballots);
        }
        let parts = exchange.snapshot();
        assert!(parts.len() > 3 * 12, "{} parts", parts.len());
        assert!(parts.iter().all(|part| part.len() <= PART_BYTES));
        let restored = Exchange::restored(rules, &parts).unwrap();
        assert_eq!(restored.snapshot(), parts);
    }

    #[test]
    fn the_votes_of_the_latest_rounds_are_kept_and_older_ones_are_forgotten() {
        let mut exchange = exchange();
        let attack: &[&str] = &["attack"; 3];
        let decide = [(0, attack), (1, attack), (2, attack)];
        let skipped = 7;
        for round in (1..=100).filter(|round| *round != skipped) {
            play(&mut exchange, round, &decide);
        }
        play(&mut exchange, skipped, &decide);
        let with_votes = exchange.rounds.iter().filter(|(_, round)| {
            let mut ballots = round.ballots.iter();
            ballots.any(|ballot| !ballot.votes.is_empty())
        });
        let rounds: Vec<_> = with_votes.map(|(round, _)| *round).collect();
        assert_eq!(rounds, (69..=100).collect::<Vec<_>>());
        assert_eq!(exchange.round(skipped).unwrap().counted().count(), 3);
    }

    #[test]
    fn single_votes_of_rounds_far_ahead_are_not_kept_and_their_ballots_count_all_the_same() {
        let mut exchange = exchange();
        let attack: &[&str] = &["attack"; 3];
        let two = [(0, attack), (1, attack)];
        for round in [VOTES_AHEAD, VOTES_AHEAD + 1] {
            play(&mut exchange, round, &two);
        }
        let kept = |exchange: &Exchange, round| -> usize {
            let ballots = exchange.round(round).unwrap().ballots.iter();
            ballots.map(|ballot| ballot.votes.len()).sum()
        };
        assert_eq!(kept(&exchange, VOTES_AHEAD), 6);
        assert_eq!(kept(&exchange, VOTES_AHEAD + 1), 0);
        play(&mut exchange, VOTES_AHEAD + 1, &[(2, attack)]);
        assert_eq!(exchange.decision(VOTES_AHEAD + 1), Some("attack"));
    }
}
