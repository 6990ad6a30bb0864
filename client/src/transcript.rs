//! The whole of an exchange: what was sent and decided, the reports of the processes, and the verdict. `exchange` makes a
//! transcript, and `render` shows it.

use std::collections::BTreeMap;
use std::time::Duration;

use quorate_wire::method::{ProcessStatus, RoundStatus, SlotStatus};

use crate::verdict::{Outcome, Verdict};

/// One send and its result: `Q sent decision 'attack' to P`.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) from: String,
    pub(crate) to: String,
    /// The answer of the sender: what it did.
    pub(crate) text: String,
    /// The decision that the recipient was told; `None` if the vote did not arrive.
    pub(crate) told: Option<String>,
    /// When the process was asked to send, from the start of the exchange.
    pub(crate) asked_at: Duration,
    /// When it answered.
    pub(crate) answered_at: Duration,
}

/// What one process finally decided.
#[derive(Clone, Debug)]
pub(crate) struct Finalized {
    pub(crate) process: String,
    pub(crate) port: u16,
    pub(crate) is_correct: bool,
    /// The decision that it was asked to send.
    pub(crate) asked: String,
    pub(crate) outcome: Outcome,
    pub(crate) time_taken: Duration,
    /// When it answered, from the start of the exchange.
    pub(crate) answered_at: Duration,
    /// The view that it was in before the exchange, if it answered.
    pub(crate) view_before: Option<u64>,
    /// Its status after the exchange.
    pub(crate) status: Option<ProcessStatus>,
}

/// A whole exchange.
pub(crate) struct Transcript {
    pub(crate) round: u64,
    pub(crate) messages: Vec<Message>,
    pub(crate) finalized: Vec<Finalized>,
    pub(crate) facts: Facts,
    pub(crate) verdict: Verdict,
}

/// The reports of the processes.
pub(crate) struct Facts {
    /// The record of this round of each process that answered, by its name.
    pub(crate) rounds: BTreeMap<String, RoundStatus>,
    /// The process whose record of the round is shown: the first correct one that decided, or that answered.
    pub(crate) witness: Option<String>,
    /// The witness's status of the slots of the Close and of the ballots.
    pub(crate) slots: Vec<SlotStatus>,
    /// Votes that this client did not ask for.
    pub(crate) others: Vec<OtherVote>,
}

/// A vote that a correct process heard, and that this client did not ask its sender to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OtherVote {
    pub(crate) process: String,
    /// The decision that this client asked the sender to send.
    pub(crate) asked: String,
    /// The decision that was heard.
    pub(crate) heard: String,
}

impl Facts {
    /// The witness's record of the round.
    pub(crate) fn record(&self) -> Option<&RoundStatus> {
        self.rounds.get(self.witness.as_ref()?)
    }

    /// The witness's status of a slot.
    pub(crate) fn slot(&self, number: u64) -> Option<&SlotStatus> {
        let mut slots = self.slots.iter();
        slots.find(|slot| slot.sequence_number == number)
    }
}
