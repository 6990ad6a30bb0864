//! What a plan brings about: its events, at their times.

use quorate_protocol::Time;
use quorate_service::Operation;

use super::World;
use crate::network::millis;
use crate::plan::{Back, Call, Plan};
use crate::queue::Event;

/// How long a client outside waits before it repeats itself at another process, in milliseconds.
const REPEATED_MS: usize = 30;

/// A process starts before this time, and is not asked earlier.
const STARTED: u64 = 5000;

impl World {
    pub(super) fn schedule(&mut self) {
        for at in 0..self.places.all.len() {
            let start = Time(self.dice.below(STARTED));
            self.queue.push(start, Event::Start { at });
        }
        let plan = self.plan.clone();
        self.plan_requests(&plan);
        for (call, planned) in plan.calls.iter().enumerate() {
            self.plan_call(call, planned);
        }
        self.plan_restarts(&plan);
        self.plan_disks(&plan);
        self.plan_rounds(&plan);
        self.queue.push(self.begun, Event::Look);
    }

    fn plan_requests(&mut self, plan: &Plan) {
        for (name, times) in &plan.requests {
            for (number, time) in (1..).zip(times) {
                let operation = Operation::KeyValue(format!("set {}={number}", name.0));
                for at in self.places.of(*name) {
                    let operation = operation.clone();
                    self.plan_event(millis(*time), Event::Ask { at, operation });
                }
            }
        }
    }

    fn plan_call(&mut self, call: usize, planned: &Call) {
        // The answers of a faulty process to its clients do not count.
        if !self.places.all[planned.process.index()].correct {
            return;
        }
        let also = planned.also.iter().filter(|also| **also != planned.process);
        let asked = std::iter::once(&planned.process).chain(also);
        for (at_ms, name) in (planned.at_ms..).step_by(REPEATED_MS).zip(asked) {
            let at = name.index();
            if self.places.all[at].correct {
                self.plan_event(millis(at_ms), Event::Call { at, call });
            }
            if let Some(waits_ms) = planned.waits_ms {
                let end = at_ms.saturating_add(waits_ms);
                self.plan_event(millis(end), Event::HangUp { at, call });
            }
        }
    }

    fn plan_restarts(&mut self, plan: &Plan) {
        for stop in &plan.stops {
            let end = millis(stop.to_ms.min(plan.heal_ms));
            if millis(stop.from_ms) >= end {
                continue;
            }
            for at in self.places.of(stop.process) {
                match stop.back {
                    // Only the trace has it. It comes without one too, so that the same run has the same events.
                    Back::AsBefore => self.queue.push(end, Event::GoOn { at }),
                    back => self.queue.push(end, Event::Restart { at, back }),
                }
            }
        }
    }

    fn plan_disks(&mut self, plan: &Plan) {
        for (trouble, one) in plan.disks.iter().enumerate() {
            let when = millis(one.at_ms.min(plan.heal_ms));
            for at in self.places.of(one.process) {
                self.queue.push(when, Event::Disk { at, trouble });
            }
        }
    }

    fn plan_rounds(&mut self, plan: &Plan) {
        for (round, planned) in (1..).zip(&plan.rounds) {
            for at in 0..self.places.all.len() {
                let time = Time(millis(planned.at_ms).0 + self.dice.below(10_000));
                self.plan_event(time, Event::Round { at, round });
            }
        }
    }

    fn plan_event(&mut self, time: Time, event: Event) {
        self.begun = self.begun.max(time);
        self.queue.push(time.max(Time(STARTED)), event);
    }
}
