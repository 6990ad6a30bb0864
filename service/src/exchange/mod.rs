//! The exchange: in each round every process votes, and all correct processes finalize the same decision.
//!
//! * [`Exchange`]: the replicated part; executes Close and Ballot, and so decides.
//! * [`Participant`]: one process's own part; hears votes and says what to order.
//!
//! A Close(round) is ordered by whoever is asked to finalize. Once it has executed, each process that has heard n-f
//! votes orders its Ballot, and the first n-f ballots decide. Where all correct processes vote alike their value wins:
//! n-2f of the n-f votes, and of the n-f ballots, are theirs, which is more than the f others.

mod decision;
mod participant;
mod round;
mod state;

pub use decision::{BadDecision, Tally, check_decision};
pub use participant::{Participant, VoteRefused};
pub use round::{Ballot, BallotRefused, Round};
pub use state::{Exchange, WINDOW};

use std::collections::BTreeMap;

use quorate_protocol::signature::Signable;
use quorate_protocol::{Quorum, ReplicaId};
use serde::{Deserialize, Serialize};

/// What all processes of an exchange agree on beforehand.
#[derive(Clone, Debug)]
pub struct Rules {
    /// How many processes there are.
    pub quorum: Quorum,
    /// What a tie gives.
    pub default_decision: String,
}

impl Rules {
    /// n-f: how many votes a ballot needs, and how many ballots a decision.
    #[must_use]
    pub const fn enough(&self) -> usize {
        (self.quorum.n() - self.quorum.f()) as usize
    }
}

/// One process's decision in a round, as it tells it to one other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// The round, from 1.
    pub round: u64,
    /// Who is told.
    pub recipient: ReplicaId,
    /// The decision.
    pub decision: String,
}

impl Signable for Vote {
    const DOMAIN: &'static str = "vote";
}

/// What a process orders through PBFT.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// The round is to be decided.
    Close {
        /// The round.
        round: u64,
    },
    /// What the process heard in the round.
    Ballot {
        /// The round.
        round: u64,
        /// Who voted what; the ballot's value is what most of them say.
        votes: BTreeMap<ReplicaId, String>,
    },
}
