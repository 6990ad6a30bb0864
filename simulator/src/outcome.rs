//! What came of a run.

use quorate_fault::Bound;
use quorate_protocol::Time;

use crate::invariant::Violation;
use crate::picture::Picture;
use crate::plan::Plan;
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
    /// The broken rule and how it was broken, in a line: `violated: agreement: slot 1: ...`.
    #[must_use]
    pub fn finding(&self) -> Option<String> {
        let violation = self.violation.as_ref()?;
        let headline = match self.verdict() {
            Verdict::Expected => "expected beyond the bound",
            _ => "violated",
        };
        Some(format!("{headline}: {}: {violation}", violation.rule().0))
    }

    /// Takes out the trace, if the events were kept. The command plays the run of this plan again.
    pub fn take_trace(&mut self, plan: &Plan, command: &str) -> Option<quorate_trace::Trace> {
        let mut trace = self.recorded.take()?.trace(plan, command);
        trace.header.violation = self.finding();
        Some(trace)
    }

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
