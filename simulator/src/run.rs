//! Plays a plan.

use std::panic::{AssertUnwindSafe, catch_unwind};

use quorate_fault::Bound;
use quorate_protocol::Time;

use crate::invariant::{Panicked, Violation};
use crate::picture::Picture;
use crate::plan::{Plan, PlanError};
use crate::trace::Trace;
use crate::world::World;

pub use crate::world::{Counts, Recorded, Watch};

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    /// The rule that was broken, if one was.
    pub violation: Option<Violation>,
    /// Whether the run was stopped before its end.
    pub stopped: bool,
    /// How many processes the plan makes faulty, beside how many are survived.
    pub bound: Bound,
    /// How much happened.
    pub counts: Counts,
    /// How much virtual time passed.
    pub simulated: Time,
    /// What was kept of the events.
    pub trace: Trace,
    /// What was seen, if a picture was wanted.
    pub picture: Option<Picture>,
    /// The events, if they were wanted.
    pub recorded: Option<Recorded>,
}

/// What a run says about the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No rule was broken.
    Good,
    /// A rule was broken that the engine must keep: the engine is wrong.
    Violation,
    /// More processes were faulty than are survived, and a rule was broken that is promised only within the bound.
    Expected,
    /// The run was stopped before its end, and no rule was broken until then.
    Stopped,
}

impl Outcome {
    /// What the run says about the engine.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match &self.violation {
            Some(violation) if self.bound.holds() || violation.is_never_excused() => {
                Verdict::Violation
            }
            Some(_) => Verdict::Expected,
            None if self.stopped => Verdict::Stopped,
            None => Verdict::Good,
        }
    }
}

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
    plan.check()?;
    let bound = plan.bound()?;
    let mut world = World::new(plan, watch)?;
    // A panic of the engine is a finding like any other; the world is only read afterwards.
    let played = catch_unwind(AssertUnwindSafe(|| world.play(stopped)));
    let (stopped, violation) = match played {
        Ok(Ok(stopped)) => (stopped, None),
        Ok(Err(violation)) => (false, Some(violation)),
        Err(payload) => {
            let panicked = Panicked::from_payload(world.acting(), payload.as_ref());
            (false, Some(panicked.into()))
        }
    };
    if let Some(violation) = &violation {
        world.show(violation);
    }
    let end = world.end();
    Ok(Outcome {
        violation,
        stopped,
        bound,
        counts: end.counts,
        simulated: end.simulated,
        trace: end.trace,
        picture: end.picture,
        recorded: end.recorded,
    })
}
