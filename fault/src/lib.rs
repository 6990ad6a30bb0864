//! How a process misbehaves.
//!
//! * [`FaultPlan`]: what `--faulty` says, process by process. [`Bound`]: how many faulty processes are survived.
//! * [`behaviour`]: one file per behaviour, and the registry that makes one from its words.
//! * [`trigger`]: when a behaviour shows; one decorator around any of them. [`scope`]: what triggers go by.
//! * [`Faulty`]: a replica with the same `step`, misbehaving, and with a `wake` for what it does late or of its own accord.
//! * [`Dice`]: the one source of chance. [`similar`]: what a misspelled word was meant to be.
//!
//! A faulty process can lie only under its own key: behaviours change what a replica wants to say before it is signed, and
//! what they damage after that is nobody's word any more. There is no clock here and no randomness but the seed's.

pub mod behaviour;
mod bound;
mod dice;
mod faulty;
mod plan;
pub mod scope;
mod similar;
pub mod trigger;

pub use behaviour::{Behaviour, Damage, Say, Setting};
pub use bound::Bound;
pub use dice::Dice;
pub use faulty::Faulty;
pub use plan::{FaultPlan, ParseError};
pub use similar::similar;
