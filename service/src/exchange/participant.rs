//! One process's own part in the exchange: the votes that it has heard, and what it orders because of them.

use std::collections::{BTreeMap, BTreeSet};

use quorate_protocol::ReplicaId;

use super::{Command, Exchange};

/// Why a vote was not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VoteRefused {
    /// The round is decided.
    #[error("round {0} is decided; the next vote belongs to a later one")]
    Decided(u64),
    /// The round is outside the window.
    #[error("round {round} is out of the window; the latest decided round is {latest}")]
    OutOfWindow {
        /// The vote's round.
        round: u64,
        /// The latest decided round.
        latest: u64,
    },
    /// The process has voted in many rounds that are not decided, and this one is the last of them.
    #[error("{from} has voted in too many rounds that are not decided; this is round {round}")]
    TooMany {
        /// The vote's round.
        round: u64,
        /// Who votes.
        from: ReplicaId,
    },
}

/// The most bytes of one process's votes that are kept, in all rounds that are not decided. That is room for a short decision in each round of
/// the window, which many clients at once may need, and for long ones in the next 500 rounds.
const VOTES_OF_ONE: usize = 128 * 1024;
/// What a vote takes beside its decision.
const VOTE: usize = 56;

/// The votes that a process heard, and what it has ordered.
#[derive(Clone, Debug, Default)]
pub struct Participant {
    votes: BTreeMap<u64, BTreeMap<ReplicaId, String>>,
    to_close: BTreeSet<u64>,
    balloted: BTreeSet<u64>,
    /// The rounds whose Close is the next thing to order.
    pending: Vec<u64>,
}

impl Participant {
    /// Keeps a vote. Until the ballot is ordered, a later vote of the same process replaces it. If the process has voted in too many
    /// rounds, its votes in the last of them are forgotten.
    ///
    /// # Errors
    /// The round is decided, or outside the window, or the last of too many.
    pub fn hear(
        &mut self,
        exchange: &Exchange,
        round: u64,
        from: ReplicaId,
        decision: String,
    ) -> Result<(), VoteRefused> {
        if exchange.decision(round).is_some() {
            return Err(VoteRefused::Decided(round));
        }
        if !exchange.in_window(round) {
            return Err(VoteRefused::OutOfWindow {
                round,
                latest: exchange.latest(),
            });
        }
        if let Some(votes) = self.votes.get_mut(&round) {
            votes.remove(&from);
        }
        self.make_room(
            round,
            from,
            VOTES_OF_ONE.saturating_sub(decision.len() + VOTE),
        )?;
        self.votes.entry(round).or_default().insert(from, decision);
        Ok(())
    }

    /// Forgets a process's votes in its last rounds, until those of the others have at most so many bytes.
    fn make_room(&mut self, round: u64, from: ReplicaId, most: usize) -> Result<(), VoteRefused> {
        let of_one = self.votes.values().filter_map(|votes| votes.get(&from));
        let mut bytes: usize = of_one.map(|decision| decision.len() + VOTE).sum();
        while bytes > most {
            let mut voted = self.votes.iter_mut().rev();
            let last = voted.find(|(_, votes)| votes.contains_key(&from));
            let Some((_, votes)) = last.filter(|(last, _)| **last > round) else {
                return Err(VoteRefused::TooMany { round, from });
            };
            let forgotten = votes.remove(&from);
            bytes -= forgotten.map_or(0, |decision| decision.len() + VOTE);
        }
        Ok(())
    }

    /// Asks for a round to be closed.
    pub fn close(&mut self, exchange: &Exchange, round: u64) {
        let closed = exchange
            .round(round)
            .is_some_and(|record| record.closed_at.is_some());
        if !closed && self.to_close.insert(round) {
            self.pending.push(round);
        }
    }

    /// The round for a call without one: the round after the latest decided.
    #[must_use]
    pub const fn current(exchange: &Exchange) -> u64 {
        exchange.latest() + 1
    }

    /// How many votes of a round this process has heard.
    #[must_use]
    pub fn heard(&self, round: u64) -> usize {
        self.votes.get(&round).map_or(0, BTreeMap::len)
    }

    /// The commands to order now: Closes that were asked for, and a Ballot for each closed round with enough votes. A process
    /// that has heard all processes has nothing to wait for: its Ballot follows its own Close, and one slot may decide the round.
    pub fn take_commands(&mut self, exchange: &Exchange) -> Vec<Command> {
        let mut commands = Vec::new();
        let all = exchange.rules().quorum.n() as usize;
        for round in std::mem::take(&mut self.pending) {
            commands.push(Command::Close { round });
            commands.extend(self.take_ballot(round, all));
        }
        for round in exchange.closed() {
            commands.extend(self.take_ballot(round, exchange.rules().enough()));
        }
        self.forget_decided(exchange);
        commands
    }

    /// The Ballot of a round, once, if this process has heard so many votes.
    fn take_ballot(&mut self, round: u64, votes: usize) -> Option<Command> {
        if self.heard(round) < votes || !self.balloted.insert(round) {
            return None;
        }
        let votes = self.votes.get(&round).cloned().unwrap_or_default();
        Some(Command::Ballot { round, votes })
    }

    fn forget_decided(&mut self, exchange: &Exchange) {
        let matters = |round: u64| exchange.in_window(round) && exchange.decision(round).is_none();
        self.votes.retain(|round, _| matters(*round));
        self.to_close.retain(|round| matters(*round));
        self.balloted.retain(|round| matters(*round));
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::ops::Range;

    use quorate_protocol::{Quorum, Sequence};

    use super::*;
    use crate::exchange::Rules;

    const LONG: usize = 200;

    fn exchange() -> Exchange {
        Exchange::new(Rules {
            quorum: Quorum::of(NonZeroU32::new(4).unwrap()),
            default_decision: "retreat".into(),
        })
    }

    fn hear(exchange: &Exchange, participant: &mut Participant, voters: Range<u32>) {
        for from in voters.map(ReplicaId) {
            let heard = participant.hear(exchange, 1, from, "attack".into());
            assert_eq!(heard, Ok(()));
        }
    }

    fn ballot(voters: Range<u32>) -> Command {
        let votes = voters.map(|from| (ReplicaId(from), "attack".into()));
        Command::Ballot {
            round: 1,
            votes: votes.collect(),
        }
    }

    const CLOSE: Command = Command::Close { round: 1 };

    #[test]
    fn a_process_that_has_heard_all_orders_its_ballot_with_its_close() {
        let (mut exchange, mut participant) = (exchange(), Participant::default());
        hear(&exchange, &mut participant, 0..4);
        participant.close(&exchange, 1);
        let ordered = participant.take_commands(&exchange);
        assert_eq!(ordered, [CLOSE, ballot(0..4)]);
        exchange.execute(Sequence(1), ReplicaId(0), ordered);
        let round = exchange.round(1).unwrap();
        assert_eq!(
            (round.closed_at, round.counted().count()),
            (Some(Sequence(1)), 1)
        );
        assert_eq!(
            participant.take_commands(&exchange),
            [],
            "it is ordered once"
        );
    }

    #[test]
    fn a_process_that_may_hear_more_orders_its_ballot_only_once_the_round_is_closed() {
        let (mut exchange, mut participant) = (exchange(), Participant::default());
        hear(&exchange, &mut participant, 0..3);
        participant.close(&exchange, 1);
        assert_eq!(participant.take_commands(&exchange), [CLOSE]);
        hear(&exchange, &mut participant, 3..4);
        assert_eq!(participant.take_commands(&exchange), []);
        exchange.execute(Sequence(1), ReplicaId(1), vec![CLOSE]);
        assert_eq!(participant.take_commands(&exchange), [ballot(0..4)]);
    }

    #[test]
    fn a_short_decision_has_room_in_each_round_of_the_window() {
        let (exchange, mut participant) = (exchange(), Participant::default());
        for round in 1..=1024 {
            let heard = participant.hear(&exchange, round, ReplicaId(1), "attack".into());
            assert_eq!(heard, Ok(()), "{round}");
        }
    }

    #[test]
    fn a_process_with_votes_in_too_many_rounds_loses_those_in_the_last_and_no_other_process_does() {
        let (exchange, mut participant) = (exchange(), Participant::default());
        let (q, r) = (ReplicaId(1), ReplicaId(2));
        let mut hear = |round, from| {
            let decision = "x".repeat(LONG);
            let heard = participant.hear(&exchange, round, from, decision);
            (heard, participant.heard(1024))
        };
        let room = (VOTES_OF_ONE / (LONG + VOTE)) as u64;
        for round in (1025 - room)..=1024 {
            assert_eq!(hear(round, q).0, Ok(()));
        }
        assert_eq!(
            hear(1024, q),
            (Ok(()), 1),
            "the same vote takes no more room"
        );
        assert_eq!(hear(1024, r), (Ok(()), 2));
        assert_eq!(hear(1, q), (Ok(()), 1), "that of the last round has gone");
        let refused = VoteRefused::TooMany {
            round: 1024,
            from: q,
        };
        assert_eq!(hear(1024, q), (Err(refused), 1));
    }
}
