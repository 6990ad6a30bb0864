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
}

/// The votes that a process heard, and what it has ordered.
#[derive(Clone, Debug, Default)]
pub struct Participant {
    votes: BTreeMap<u64, BTreeMap<ReplicaId, String>>,
    to_close: BTreeSet<u64>,
    balloted: BTreeSet<u64>,
    pending: Vec<Command>,
}

impl Participant {
    /// Keeps a vote. Until the ballot is ordered, a later vote of the same process replaces it.
    ///
    /// # Errors
    /// The round is decided, or outside the window.
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
        self.votes.entry(round).or_default().insert(from, decision);
        Ok(())
    }

    /// Asks for a round to be closed.
    pub fn close(&mut self, exchange: &Exchange, round: u64) {
        let closed = exchange
            .round(round)
            .is_some_and(|record| record.closed_at.is_some());
        if !closed && self.to_close.insert(round) {
            self.pending.push(Command::Close { round });
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

    /// The commands to order now: Closes that were asked for, and a Ballot for each closed round with enough votes.
    pub fn take_commands(&mut self, exchange: &Exchange) -> Vec<Command> {
        let mut commands = std::mem::take(&mut self.pending);
        for round in exchange.closed() {
            if self.heard(round) >= exchange.rules().enough() && self.balloted.insert(round) {
                let votes = self.votes.get(&round).cloned().unwrap_or_default();
                commands.push(Command::Ballot { round, votes });
            }
        }
        self.forget_decided(exchange);
        commands
    }

    fn forget_decided(&mut self, exchange: &Exchange) {
        let matters = |round: u64| exchange.in_window(round) && exchange.decision(round).is_none();
        self.votes.retain(|round, _| matters(*round));
        self.to_close.retain(|round| matters(*round));
        self.balloted.retain(|round| matters(*round));
    }
}
