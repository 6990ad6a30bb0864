//! Many processes, one virtual clock, one seed.
//!
//! A [`Plan`] says everything about a run: the processes, their faults, the network, and the requests with their times. The same
//! plan gives the same run, event by event, on every machine.
//!
//! * [`plan`]: the plan as data, its text, and how a seed gives one, which is a crate of its own.
//! * [`mod@run`]: plays a plan and says what came of it, an [`Outcome`]. [`simulation`]: the same step by step.
//! * [`script`]: lies written down, or as an author wants them.
//! * [`universe`]: what a sweep chooses for all its seeds; [`row`]: what came of a run, as JSON.
//! * `world`: the event queue and the places of the processes; `network`: what happens to a message on its way.
//! * [`gather`]: nodes that find each other before there is a cluster.
//! * [`digests`]: the smallest service, for a replica alone.
//! * [`process`]: one process, put together as a live one is.
//! * [`invariant`]: one file for each rule, checked after every step.
//! * `mutants`: the plans kept for known bugs.
//! * [`picture`]: a run as a sequence diagram.
//! * [`experiment`]: questions with an answer by theory, each played with many seeds.
//! * [`story`]: runs told step by step to newcomers.
//! * [`mod@shrink`]: makes a failing plan small.
//! * [`transcript`]: scenarios as texts, played by the engine alone.

mod clock;
pub mod digests;
mod disk;
pub mod experiment;
pub mod gather;
pub mod invariant;
mod keys;
#[cfg(feature = "mutants")]
pub mod mutants;
mod network;
mod outcome;
pub mod picture;
pub mod process;
mod queue;
pub mod row;
pub mod run;
pub mod script;
pub mod shrink;
pub mod simulation;
pub mod story;
pub mod trace;
pub mod transcript;
pub mod universe;
mod words;
mod world;

pub use invariant::Violation;
pub use outcome::{Outcome, Verdict};
pub use quorate_plan::{self as plan, Plan};
pub use run::{run, run_until, run_with};
pub use shrink::{shrink, shrink_until};
pub use simulation::Simulation;
pub use trace::Trace;
pub use world::{Asked, Counts, Measured, Note, Noted, Recorded, Standing, Traffic, Watch};
