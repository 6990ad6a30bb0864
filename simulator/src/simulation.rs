//! A run that is played step by step. The same plan gives the same steps, so a branch is the same steps played again.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use quorate_fault::Bound;
use quorate_protocol::message::Commit;
use quorate_protocol::{Sequence, Signed, Time};
use quorate_trace::Event;

use crate::invariant::{Panicked, Violation};
use crate::outcome::Outcome;
use crate::picture::Picture;
use crate::plan::{Name, Plan, PlanError, Script};
use crate::script::SharedAuthor;
use crate::trace::Trace;
use crate::world::{Recorded, Standing, Watch, World};

/// A run, of which some steps have been played.
#[derive(Debug)]
pub struct Simulation {
    plan: Plan,
    world: World,
    bound: Bound,
    steps: u64,
    /// Whether nothing more happens.
    over: bool,
    stopped: bool,
    violation: Option<Violation>,
}

impl Simulation {
    /// The run of a plan, before its first step.
    ///
    /// # Errors
    /// The plan cannot be played.
    pub fn new(plan: &Plan, watch: Watch) -> Result<Self, PlanError> {
        plan.check()?;
        Ok(Self {
            bound: plan.bound()?,
            world: World::new(plan, watch)?,
            plan: plan.clone(),
            steps: 0,
            over: false,
            stopped: false,
            violation: None,
        })
    }

    /// The same run again, after as many steps. What authors have written so far is the script of its plan.
    ///
    /// # Errors
    /// Never: the plan was played before.
    pub fn branch(&self, watch: Watch) -> Result<Self, PlanError> {
        let mut branch = Self::new(&self.plan(), watch)?;
        while branch.steps < self.steps && branch.step() {}
        Ok(branch)
    }

    /// From now on these authors write the scripts of their processes. A process without a script has none to write.
    pub fn ask(&mut self, authors: &BTreeMap<Name, SharedAuthor>) {
        for (process, author) in authors {
            self.world.ask(*process, author);
        }
    }

    /// Plays the next event. Returns whether there was one: none comes after the end, or after a rule is broken.
    pub fn step(&mut self) -> bool {
        if self.over {
            return false;
        }
        // A panic of the engine is a finding like any other; the world is only read afterwards.
        let played = catch_unwind(AssertUnwindSafe(|| self.world.step()));
        let violation = match played {
            Ok(Ok(goes_on)) => {
                self.over = !goes_on;
                self.steps += u64::from(goes_on);
                return goes_on;
            }
            Ok(Err(violation)) => violation,
            Err(payload) => Panicked::from_payload(self.world.acting(), payload.as_ref()).into(),
        };
        self.steps += 1;
        self.over = true;
        self.world.show(&violation);
        self.violation = Some(violation);
        true
    }

    /// Plays to the end, until a rule is broken, or until `stopped`, which is asked before each event.
    pub fn play(&mut self, stopped: &dyn Fn() -> bool) {
        while !self.over {
            if stopped() {
                self.stopped = true;
                return;
            }
            self.step();
        }
    }

    /// How many events have been played.
    #[must_use]
    pub const fn steps(&self) -> u64 {
        self.steps
    }

    /// The virtual time.
    #[must_use]
    pub const fn now(&self) -> Time {
        self.world.now()
    }

    /// When the next event is, if there is one.
    #[must_use]
    pub fn next_at(&self) -> Option<Time> {
        self.world.next_at().filter(|_| !self.over)
    }

    /// Whether nothing more happens.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.over
    }

    /// The rule that was broken, if one was.
    #[must_use]
    pub const fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    /// What happened, if the events are kept.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        self.world.events()
    }

    /// What was seen, if a picture is wanted.
    #[must_use]
    pub const fn picture(&self) -> Option<&Picture> {
        self.world.picture()
    }

    /// How far each process is. Of twins, the first.
    #[must_use]
    pub fn standings(&self) -> Vec<Standing> {
        self.world.standings()
    }

    /// The COMMITs by which a process has executed a slot since it started last; of twins, the first. `None` if it has not, or has
    /// executed too many slots since.
    #[must_use]
    pub fn certificate(&self, by: Name, slot: Sequence) -> Option<&[Signed<Commit>]> {
        self.world.certificate(by, slot)
    }

    /// The plan that gives this run again, with what authors have written so far.
    #[must_use]
    pub fn plan(&self) -> Plan {
        let scripts = self.plan.scripts.iter().map(|script| Script {
            process: script.process,
            lies: self.world.lies(script.process),
        });
        Plan {
            scripts: scripts.collect(),
            ..self.plan.clone()
        }
    }

    /// What came of it so far.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        Outcome {
            violation: self.violation.clone(),
            stopped: self.stopped || !self.over,
            bound: self.bound,
            counts: self.world.counts(),
            simulated: self.world.now(),
            trace: Trace::Off,
            picture: None,
            recorded: None,
            measured: None,
        }
    }

    /// The trace so far, if the events are kept. The command plays the run again.
    #[must_use]
    pub fn trace(&self, command: &str) -> quorate_trace::file::Trace {
        let recorded = Recorded {
            events: self.events().to_vec(),
            in_flight: Vec::new(),
        };
        let mut trace = recorded.trace(&self.plan(), command);
        trace.header.violation = self.outcome().finding();
        trace
    }

    /// What came of it, with all that was watched.
    #[must_use]
    pub fn end(self) -> Outcome {
        let outcome = self.outcome();
        let end = self.world.end();
        Outcome {
            stopped: self.stopped,
            trace: end.trace,
            picture: end.picture,
            recorded: end.recorded,
            measured: end.measured,
            ..outcome
        }
    }
}
