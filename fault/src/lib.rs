//! How a process misbehaves.
//!
//! * [`FaultPlan`]: what `--faulty` says, process by process.
//! * [`behaviour`]: one file per behaviour, and the registry that makes one from its words.
//! * [`Faulty`]: a replica with the same `step`, misbehaving.
//!
//! A faulty process can lie only under its own key: behaviours change what a replica wants to say before it is signed.

pub mod behaviour;
mod faulty;
mod plan;

pub use behaviour::{Behaviour, Say};
pub use faulty::Faulty;
pub use plan::{FaultPlan, ParseError};
