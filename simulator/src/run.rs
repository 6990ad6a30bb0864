//! Plays a plan.

use crate::outcome::Outcome;
use crate::plan::{Plan, PlanError};
use crate::simulation::Simulation;
use crate::trace::Trace;
use crate::world::Watch;

/// Plays a plan to its end, or until a rule is broken.
///
/// # Errors
/// The plan cannot be played.
pub fn run(plan: &Plan, trace: Trace) -> Result<Outcome, PlanError> {
    run_until(plan, trace, &|| false)
}

/// Plays a plan to its end, until a rule is broken or until `stopped`, which is asked before each event.
///
/// # Errors
/// The plan cannot be played.
pub fn run_until(
    plan: &Plan,
    trace: Trace,
    stopped: &dyn Fn() -> bool,
) -> Result<Outcome, PlanError> {
    let watch = Watch {
        trace,
        ..Watch::default()
    };
    run_with(plan, watch, stopped)
}

/// The same, with all that is wanted to be seen.
///
/// # Errors
/// The plan cannot be played.
pub fn run_with(
    plan: &Plan,
    watch: Watch,
    stopped: &dyn Fn() -> bool,
) -> Result<Outcome, PlanError> {
    let mut simulation = Simulation::new(plan, watch)?;
    simulation.play(stopped);
    Ok(simulation.end())
}
