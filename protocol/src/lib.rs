//! PBFT in its signed form (Castro & Liskov, OSDI '99, section 4), as a function of its inputs.
//!
//! A map of the house:
//!
//! * [`Replica::step`] takes an [`Input`] and gives [`Effect`]s; `replica/on_<input>.rs` is what it does with each.
//! * [`message`]: one file per protocol message.
//! * [`certificate`]: sets of signed messages that prove something, and what makes them valid.
//! * [`client`]: when the answers of several replicas make a result.
//! * [`signature`]: [`Signed`] bytes, and [`Verified`], which only a checked signature can make.
//! * [`snapshot`]: the state at a checkpoint, in parts.
//! * [`quorum`]: the arithmetic of n and f.
//! * [`misbehaviour`], [`evidence`]: what a peer did wrong, and what proves it to others.
//! * [`forensics`]: who is to blame when more than f are faulty and correct replicas disagree.
//!
//! What is absent, and why: no clock (time is an argument), no randomness, no sockets, no threads, and no hash maps,
//! so the same inputs give the same effects on any machine.

pub mod certificate;
pub mod client;
mod config;
mod digest;
mod effect;
pub mod evidence;
pub mod forensics;
mod id;
mod input;
pub mod message;
pub mod misbehaviour;
mod mutant;
pub mod quorum;
mod record;
mod replica;
mod scheme;
pub mod signature;
pub mod snapshot;
mod time;

pub use config::Config;
pub use digest::Digest;
pub use effect::{Effect, Timer};
pub use evidence::Evidence;
pub use id::{ClientId, ClusterId, ParseReplicaIdError, ReplicaId, Sequence, Timestamp, View};
pub use input::Input;
pub use message::{Message, SignedMessage, VerifiedMessage};
pub use misbehaviour::Misbehaviour;
#[cfg(feature = "mutants")]
pub use mutant::Mutant;
pub use quorum::Quorum;
pub use record::Record;
pub use replica::{Phase, Replica, Sizes, SlotStatus, Status};
pub use signature::{Keys, Signed, Verified};
pub use time::{Duration, Time};
