//! The exchange. In each round every process votes, and all correct processes finalize the same decision.
//!
//! * [`Exchange`]: the replicated part. It executes Close and Ballot, and so decides.
//! * [`Participant`]: one process's own part. It hears votes and says what to order.
//!
//! A process that is asked to finalize a round orders a Close for it. If it has heard all processes, its Ballot follows in
//! the same request. Once a Close has executed, each other process that has heard n-f votes orders its Ballot. The first
//! n-f ballots decide. If all correct processes vote for the same value, that value wins: at least n-2f of the n-f votes
//! in each correct ballot are theirs, and so are n-2f of the n-f ballots. These are more than the f faulty ones.

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

/// The rules on which all processes of an exchange agree beforehand.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The number of processes, and f.
    pub quorum: Quorum,
    /// The decision after a tie.
    pub default_decision: String,
}

impl Rules {
    /// n-f: the votes that a ballot needs, and the ballots that a decision needs.
    #[must_use]
    pub const fn enough(&self) -> usize {
        (self.quorum.n() - self.quorum.f()) as usize
    }
}

/// A process's decision in a round, as it tells one other process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// The round, from 1.
    pub round: u64,
    /// The process that is told.
    pub recipient: ReplicaId,
    /// The decision.
    pub decision: String,
}

impl Signable for Vote {
    const DOMAIN: &'static str = "vote";
}

/// A command that a process orders through PBFT.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Closes the round, so that ballots may decide it.
    Close {
        /// The round.
        round: u64,
    },
    /// Tells what the process heard in the round.
    Ballot {
        /// The round.
        round: u64,
        /// The vote of each process that was heard. The ballot's value is what most of them vote for.
        votes: BTreeMap<ReplicaId, String>,
    },
}
