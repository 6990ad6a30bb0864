//! Many processes, one virtual clock, one seed.
//!
//! A [`Plan`] says everything about a run: how many processes, who is faulty and how, what the network does, what is
//! asked for and when. The same plan gives the same run, event by event, on any machine.
//!
//! * [`plan`]: the plan as data, its text, and how one is drawn from a seed.
//! * [`mod@run`]: plays a plan and says what came of it.
//! * `world`: the event queue and the places of the processes; `network`: what happens to a message on its way.
//! * [`bare`]: one replica alone.
//! * [`process`]: one process, put together as a live one is.
//! * [`invariant`]: one file for each thing that must hold, checked after every step.
//! * [`picture`]: a run as a sequence diagram.
//! * [`mod@shrink`]: makes a failing plan small.
//! * [`transcript`]: scenarios as texts, played by the engine alone.
//! * [`router`]: carries the messages of node programs in any language, in real time.

pub mod bare;
mod clock;
pub mod invariant;
mod kind;
mod network;
pub mod picture;
pub mod plan;
pub mod process;
mod queue;
pub mod router;
pub mod run;
pub mod shrink;
pub mod trace;
pub mod transcript;
mod words;
mod world;

pub use invariant::Violation;
pub use plan::Plan;
pub use run::{Outcome, Verdict, run, run_until, run_with};
pub use shrink::{shrink, shrink_until};
pub use trace::Trace;
