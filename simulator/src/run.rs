//! Plays a plan.

use std::panic::{AssertUnwindSafe, catch_unwind};

use quorate_protocol::Time;

use crate::invariant::{Panicked, Violation};
use crate::plan::{Plan, PlanError};
use crate::trace::Trace;
use crate::world::World;

pub use crate::world::Counts;

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    /// The rule that was broken, if one was.
    pub violation: Option<Violation>,
    /// How much happened.
    pub counts: Counts,
    /// How much virtual time passed.
    pub simulated: Time,
    /// What was kept of the events.
    pub trace: Trace,
}

/// Plays a plan to its end, or until a rule is broken.
///
/// # Errors
/// The plan cannot be played.
pub fn run(plan: &Plan, trace: Trace) -> Result<Outcome, PlanError> {
    plan.check()?;
    let mut world = World::new(plan, trace)?;
    // A panic of the engine is a finding like any other; the world is only read afterwards.
    let played = catch_unwind(AssertUnwindSafe(|| world.play()));
    let violation = match played {
        Ok(result) => result.err(),
        Err(payload) => Some(Panicked::from_payload(world.acting(), payload.as_ref()).into()),
    };
    let (counts, simulated, trace) = world.end();
    Ok(Outcome {
        violation,
        counts,
        simulated,
        trace,
    })
}
