//! How nodes that do not know each other find each other and found one cluster, as a function of inputs.
//!
//! [`Gathering::step`] takes an [`Input`] and returns [`Effect`]s. It goes through two stages:
//!
//! * *discover*: every address is a hint. A node that answers a fresh challenge there with its key is met. Nodes tell each other
//!   whom they have met.
//! * *found*: a node that has met n-1 others signs a ROSTER. A member that sees a quorum of equal ROSTERs keeps to that roster, and
//!   signs FOUND. A quorum of FOUNDs founds the cluster. The roster's digest is the cluster's id.
//!
//! The files:
//!
//! * [`Settings`]: what a node is told at its start. [`event`]: what it tells its user.
//! * `hello`, `vote`, `roster`, `certificate`, `proof`: what nodes sign, and what follows from signatures. `judge` checks it.
//! * `packet`: the wire form. `refusal`: why a node is refused.
//! * [`forge`]: what liars say.
//! * `doors`, `hints`, `peers`, `ballots`: what a node keeps. All of it is bounded.
//! * `gathering`: the node.
//!
//! Discovery gives no identity: whoever has many keys can take many seats of an open group. Inside one cluster the bound f holds. That
//! there is only one cluster follows only where each seat has an owner: with invitations.
//!
//! This crate has no clock, no randomness, no sockets and no hash maps. Time and one random seed are arguments.

mod attempt;
mod ballots;
mod certificate;
mod doors;
pub mod event;
pub mod forge;
mod gathering;
mod hello;
mod hints;
mod id;
mod judge;
mod memory;
mod mutant;
mod packet;
mod peers;
mod proof;
mod refusal;
mod roster;
mod settings;
mod signed;
mod vote;

pub use certificate::Certificate;
pub use event::{Event, Founded, Member, Waits};
pub use gathering::{Effect, Gathering, Input};
pub use hello::{Claim, Hello};
pub use hints::{Hint, Source};
pub use id::{NodeId, ParseNodeIdError, PublicKey};
pub use judge::Flaw;
pub use memory::RestoreError;
#[cfg(feature = "mutants")]
pub use mutant::Mutant;
pub use packet::{MOST_BYTES, Standing};
pub use proof::Proof;
pub use refusal::{BadAnswer, Refusal};
pub use roster::{Roster, RosterFlaw};
pub use settings::{
    Charter, Entry, Group, Invitation, MOST_ADDRESSES, MOST_NODES, Pace, Secret, Settings,
    SettingsError, VERSION, Way,
};
pub use signed::{Signature, Signed, Statement};
pub use vote::{Phase, Vote};
