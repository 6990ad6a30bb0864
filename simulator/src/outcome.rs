//! What came of a run.

use quorate_fault::Bound;
use quorate_protocol::Time;

use crate::invariant::Violation;
use crate::picture::Picture;
use crate::trace::Trace;
use crate::world::{Counts, Measured, Recorded};

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
    /// What was measured, if that was wanted.
    pub measured: Option<Measured>,
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
