//! Nodes that find each other and found a cluster, among losses, partitions, late starts, restarts and liars.
//!
//! * [`plan`]: who takes part, what they do, and what the network does; drawn from a seed.
//! * `check`: whether a plan that was written by hand can be played.
//! * `shrink`: makes a plan that breaks a rule small.
//! * `world`: plays it. `liar`: nodes that say what no correct node says.
//! * [`rule`]: what must hold, checked after every step and at the end.

mod check;
mod liar;
pub mod plan;
pub mod rule;
mod shrink;
mod world;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use quorate_protocol::{ReplicaId, Time};

use crate::invariant::Panicked;
use crate::trace::Trace;
pub use plan::Plan;
pub use rule::Violation;
pub use shrink::shrink_until;
use world::World;

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    /// The rule that was broken, if one was.
    pub violation: Option<Violation>,
    /// Whether the run was stopped before its end.
    pub stopped: bool,
    /// How many packets were sent.
    pub packets: u64,
    /// What has happened in the run, and how often.
    pub counts: BTreeMap<&'static str, u64>,
    /// How many clusters were founded.
    pub clusters: usize,
    /// How much virtual time passed.
    pub simulated: Time,
    /// How long after the healing the last of those that had to be members was one. `None`: nobody had to, or not all are.
    pub founded_after: Option<Time>,
    /// What was kept of the events.
    pub trace: Trace,
}

/// Plays a plan to its end, until a rule is broken or until `stopped`.
#[must_use]
pub fn run(plan: &Plan, trace: Trace, stopped: &dyn Fn() -> bool) -> Outcome {
    let mut world = World::new(plan, trace);
    // A panic of a node is a finding like any other; the world is only read afterwards.
    let played = catch_unwind(AssertUnwindSafe(|| world.play(stopped)));
    let (stopped, violation) = match played {
        Ok(Ok(stopped)) => (stopped, None),
        Ok(Err(violation)) => (false, Some(violation)),
        Err(payload) => {
            // Whose panic it was shows in the trace.
            let Panicked { words, .. } = Panicked::from_payload(ReplicaId(0), payload.as_ref());
            (false, Some(Violation::Panicked { words }))
        }
    };
    if let Some(violation) = &violation {
        world.show(violation);
    }
    world.end(stopped, violation)
}
