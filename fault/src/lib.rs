//! How a process misbehaves.
//!
//! * [`FaultPlan`]: what `--faulty` says, process by process. [`Bound`]: how many faulty processes are survived.
//! * [`behaviour`]: one file per behaviour, and the registry of all.
//! * [`trigger`]: when a behaviour acts. One decorator serves all behaviours. [`scope`]: the view and slot that a
//!   trigger tests.
//! * [`Scene`]: what a process must take part in for a behaviour to mean something.
//! * [`grammar`]: makes a behaviour from its words.
//! * [`link`]: what happens to messages on their way.
//! * [`Faulty`]: a replica that may misbehave. It has `step` like a correct replica, and `wake` for what it does late
//!   or without input.
//! * [`Dice`]: the only source of chance.
//!
//! A faulty process lies only under its own key. A behaviour changes messages before they are signed, and damage after
//! signing makes the signature invalid. This crate reads no clock, and its only randomness comes from the seed.

pub mod behaviour;
mod bound;
mod dice;
mod error;
mod faulty;
pub mod grammar;
pub mod link;
mod plan;
mod scene;
pub mod scope;
pub mod trigger;
mod words;

pub use behaviour::{Behaviour, Damage, Joins, Say, Setting};
pub use bound::Bound;
pub use dice::Dice;
pub use error::ParseError;
pub use faulty::Faulty;
pub use plan::FaultPlan;
pub use scene::Scene;
