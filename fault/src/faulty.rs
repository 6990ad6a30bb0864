//! A replica that may misbehave. It has the interface of a correct one.

use std::collections::BTreeMap;

use quorate_protocol::{Effect, Input, Replica, ReplicaId, Time};
use quorate_service::gathering::{Command, Gathering};

use crate::behaviour::{Behaviour, Damage, Say};
use crate::scope::{Moment, Scope};

/// The most effects that are held back at a time. Beyond this, the effect due first is lost, as in an overloaded
/// network.
const MOST_HELD: usize = 1 << 16;

/// A replica and its behaviour. Without a behaviour it is correct.
#[derive(Clone, Debug)]
pub struct Faulty {
    replica: Replica,
    behaviour: Option<Box<dyn Behaviour>>,
    held: Held,
    crashed: bool,
}

impl Faulty {
    /// A replica with this behaviour, or a correct one for `None`.
    #[must_use]
    pub fn new(mut replica: Replica, behaviour: Option<Box<dyn Behaviour>>) -> Self {
        replica.set_accomplice(stands_by_liars(behaviour.as_deref()));
        Self {
            replica,
            behaviour,
            held: Held::default(),
            crashed: false,
        }
    }

    /// Steps the replica as [`Replica::step`] does. The behaviour may drop the input and change the effects. Effects
    /// that it holds back come from [`Faulty::wake`].
    pub fn step(&mut self, now: Time, input: Input) -> Vec<Effect> {
        if self.behaviour.is_none() {
            return self.replica.step(now, input);
        }
        self.tick(now);
        let Some(behaviour) = self.behaviour.as_mut().filter(|_| !self.crashed) else {
            return Vec::new();
        };
        if let Input::Message(message) = &input {
            if !behaviour.hears(message.signer()) {
                return Vec::new();
            }
            behaviour.see(message);
            if !behaviour.takes_in(message) {
                return Vec::new();
            }
        }
        let mut effects = Vec::new();
        for effect in self.replica.step(now, input) {
            for altered in behaviour.alter(effect) {
                if altered.late.0 == 0 {
                    effects.push(altered.effect);
                } else {
                    self.held.push(now + altered.late, altered.effect);
                }
            }
            self.crashed = behaviour.crashes();
            if self.crashed {
                break;
            }
        }
        effects
    }

    /// When to call [`Faulty::wake`] next; `None` if there is nothing to wake up for. Ask after every step.
    #[must_use]
    pub fn wake_at(&self) -> Option<Time> {
        let behaviour = self.behaviour.as_ref().filter(|_| !self.crashed)?;
        self.held.due().into_iter().chain(behaviour.acts_at()).min()
    }

    /// The effects due at `now` without any input: those held back until now, and those of the behaviour's own acts.
    pub fn wake(&mut self, now: Time) -> Vec<Effect> {
        self.tick(now);
        let Some(behaviour) = self.behaviour.as_mut().filter(|_| !self.crashed) else {
            return Vec::new();
        };
        let mut effects = self.held.take(now);
        if behaviour.acts_at().is_some_and(|at| at <= now) {
            effects.extend(behaviour.act());
        }
        effects
    }

    /// Whether a message from this process is heard at all.
    pub fn hears(&mut self, now: Time, from: ReplicaId) -> bool {
        self.tick(now);
        let hears = |behaviour: &mut Box<dyn Behaviour>| behaviour.hears(from);
        !self.crashed && self.behaviour.as_mut().is_none_or(hears)
    }

    /// What to tell `to` when the process's decision is `decision`.
    pub fn say(&mut self, now: Time, to: ReplicaId, decision: &str) -> Say {
        self.tick(now);
        match &mut self.behaviour {
            Some(_) if self.crashed => Say::Nothing,
            Some(behaviour) => behaviour.say(to, decision),
            None => Say::Decision(decision.to_owned()),
        }
    }

    /// What the process orders in its gathering when a correct one would want these commands ordered.
    pub fn orders(&mut self, now: Time, state: &Gathering, wanted: Vec<Command>) -> Vec<Command> {
        self.tick(now);
        match &mut self.behaviour {
            Some(_) if self.crashed => Vec::new(),
            Some(behaviour) => behaviour.orders(state, wanted),
            None => wanted,
        }
    }

    /// A false value for the process's ballot. `None` leaves the ballot as it is.
    pub fn ballot(&mut self) -> Option<String> {
        self.behaviour.as_mut()?.ballot()
    }

    /// The damage to a signed message before its bytes leave.
    pub fn damage(&mut self, scope: impl Into<Scope>) -> Option<Damage> {
        self.behaviour.as_mut()?.damage(scope.into())
    }

    /// Whether the process loses its disk when it starts again, and votes as if it had never voted.
    pub fn forgets(&mut self) -> bool {
        let behaviour = self.behaviour.as_mut();
        behaviour.is_some_and(|behaviour| behaviour.forgets())
    }

    /// Replaces the behaviour; `None` makes the process correct. Returns the effects that were held back, to be done at
    /// once.
    pub fn change(&mut self, now: Time, behaviour: Option<Box<dyn Behaviour>>) -> Vec<Effect> {
        if self.crashed {
            return Vec::new();
        }
        self.replica
            .set_accomplice(stands_by_liars(behaviour.as_deref()));
        self.behaviour = behaviour;
        self.tick(now);
        std::mem::take(&mut self.held.effects)
            .into_values()
            .collect()
    }

    /// Continues with another replica and the same behaviour. Effects that were held back are lost.
    pub fn restart(&mut self, mut replica: Replica) {
        replica.set_accomplice(stands_by_liars(self.behaviour.as_deref()));
        self.replica = replica;
        self.held = Held::default();
    }

    /// Whether it has a behaviour. It may act only at some times.
    #[must_use]
    pub const fn may_misbehave(&self) -> bool {
        self.behaviour.is_some()
    }

    /// Whether the process has crashed and must end.
    #[must_use]
    pub const fn has_crashed(&self) -> bool {
        self.crashed
    }

    /// The replica, read-only.
    #[must_use]
    pub const fn replica(&self) -> &Replica {
        &self.replica
    }

    fn tick(&mut self, now: Time) {
        let Some(behaviour) = self.behaviour.as_mut().filter(|_| !self.crashed) else {
            return;
        };
        let status = self.replica.status();
        behaviour.tick(Moment {
            now,
            view: status.view,
            slot: status.executed.next(),
        });
        self.crashed = behaviour.crashes();
    }
}

fn stands_by_liars(behaviour: Option<&dyn Behaviour>) -> bool {
    behaviour.is_some_and(Behaviour::stands_by_liars)
}

/// The effects held back, in the order in which they are due.
#[derive(Clone, Debug, Default)]
struct Held {
    effects: BTreeMap<(Time, u64), Effect>,
    count: u64,
}

impl Held {
    fn push(&mut self, due: Time, effect: Effect) {
        self.count += 1;
        self.effects.insert((due, self.count), effect);
        if self.effects.len() > MOST_HELD {
            self.effects.pop_first();
        }
    }

    fn due(&self) -> Option<Time> {
        let ((due, _), _) = self.effects.first_key_value()?;
        Some(*due)
    }

    fn take(&mut self, now: Time) -> Vec<Effect> {
        let later = self.effects.split_off(&(Time(now.0.saturating_add(1)), 0));
        let due = std::mem::replace(&mut self.effects, later);
        due.into_values().collect()
    }
}
