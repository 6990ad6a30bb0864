//! PBFT with signatures (Castro & Liskov, OSDI '99, section 4), as a function of its inputs.
//!
//! The files:
//!
//! * [`Replica::step`] takes an [`Input`] and returns [`Effect`]s. `replica/on_<input>.rs` handles each input.
//! * [`message`]: one file per protocol message.
//! * [`certificate`]: sets of signed messages that prove something, and the checks that make them valid.
//! * [`client`]: when a client accepts a result.
//! * [`seal`]: clients with a key of their own, who sign their requests themselves.
//! * [`signature`]: [`Signed`] bytes, and [`Verified`] ones. Only a signature check makes a [`Verified`].
//! * [`snapshot`]: the state at a checkpoint, in parts.
//! * [`tree`]: a map in parts, of which a change touches few.
//! * [`quorum`]: the arithmetic of n and f.
//! * [`Limits`]: how much a replica takes and keeps. [`Largest`]: how large its messages can be.
//! * [`misbehaviour`], [`evidence`]: why a message was refused, and proof that a replica is faulty.
//! * [`forensics`]: which replicas are faulty when more than f are and correct replicas have disagreed.
//!
//! This crate has no clock (time is an argument), no randomness, no sockets, no threads and no hash maps. Therefore the
//! same inputs give the same effects on every machine.

pub mod certificate;
pub mod client;
mod config;
mod digest;
mod effect;
pub mod evidence;
pub mod forensics;
mod id;
mod input;
mod largest;
mod limits;
pub mod message;
pub mod misbehaviour;
mod mutant;
mod new_view;
mod oversize;
mod pair;
mod part;
pub mod quorum;
mod record;
mod replica;
mod replies;
mod scheme;
pub mod seal;
mod secret;
pub mod signature;
pub mod snapshot;
mod speaker;
mod time;
pub mod tree;

pub use config::Config;
pub use digest::Digest;
pub use effect::{Effect, Timer};
pub use evidence::{Evidence, Pardon};
pub use id::{ClientId, ClusterId, ParseReplicaIdError, ReplicaId, Sequence, Timestamp, View};
pub use input::Input;
pub use largest::Largest;
pub use limits::Limits;
pub use message::{Message, SignedMessage, VerifiedMessage};
pub use misbehaviour::Misbehaviour;
#[cfg(feature = "mutants")]
pub use mutant::Mutant;
pub use pair::{CHALLENGE, PairKey, TAG, Tagger};
pub use part::{Cached, Part};
pub use quorum::Quorum;
pub use record::{BadRecord, Record};
pub use replica::{InLog, Phase, Replica, Sizes, SlotStatus, Status};
pub use seal::{ClientKey, Seal};
pub use secret::SecretKey;
pub use signature::{Keys, Signed, Verified};
pub use time::{Duration, Time};
