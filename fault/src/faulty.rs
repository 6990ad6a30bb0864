//! A replica that misbehaves, with the interface of one that does not.

use std::collections::BTreeMap;

use quorate_protocol::{Effect, Input, Replica, ReplicaId, Time};

use crate::behaviour::{Behaviour, Damage, Say};
use crate::scope::{Moment, Scope};

/// How many effects are held back at most; beyond, the oldest are lost, as in a network that is that slow.
const MOST_HELD: usize = 1 << 16;

/// A replica and how it misbehaves; without a behaviour it is correct.
#[derive(Debug)]
pub struct Faulty {
    replica: Replica,
    behaviour: Option<Box<dyn Behaviour>>,
    held: Held,
    crashed: bool,
}

impl Faulty {
    /// A replica with a behaviour, or a correct one.
    #[must_use]
    pub fn new(replica: Replica, behaviour: Option<Box<dyn Behaviour>>) -> Self {
        Self {
            replica,
            behaviour,
            held: Held::default(),
            crashed: false,
        }
    }

    /// As [`Replica::step`], with inputs lost and effects altered as the behaviour has it. What is held back comes from
    /// [`Faulty::wake`].
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

    /// When [`Faulty::wake`] has something to do next; nothing if it has not. To be asked after every step.
    #[must_use]
    pub fn wake_at(&self) -> Option<Time> {
        let behaviour = self.behaviour.as_ref().filter(|_| !self.crashed)?;
        self.held.due().into_iter().chain(behaviour.acts_at()).min()
    }

    /// What it does at the time `now` without any input: what was held back until then, and what the behaviour does of its
    /// own accord.
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

    /// Whether anything from this process gets in.
    pub fn hears(&mut self, now: Time, from: ReplicaId) -> bool {
        self.tick(now);
        let hears = |behaviour: &mut Box<dyn Behaviour>| behaviour.hears(from);
        !self.crashed && self.behaviour.as_mut().is_none_or(hears)
    }

    /// What it tells `to` when it is asked to tell its decision.
    pub fn say(&mut self, now: Time, to: ReplicaId, decision: &str) -> Say {
        self.tick(now);
        match &mut self.behaviour {
            Some(_) if self.crashed => Say::Nothing,
            Some(behaviour) => behaviour.say(to, decision),
            None => Say::Decision(decision.to_owned()),
        }
    }

    /// The value of the ballot that it orders instead of what it heard.
    pub fn ballot(&mut self) -> Option<String> {
        self.behaviour.as_mut()?.ballot()
    }

    /// What is to be done to the bytes of a signed message before they leave.
    pub fn damage(&mut self, scope: impl Into<Scope>) -> Option<Damage> {
        self.behaviour.as_mut()?.damage(scope.into())
    }

    /// Whether it forgets all that it has on disk when it starts again, and does as if it had never voted.
    pub fn forgets(&mut self) -> bool {
        let behaviour = self.behaviour.as_mut();
        behaviour.is_some_and(|behaviour| behaviour.forgets())
    }

    /// Misbehaves in another way from now on, or no more. What was held back goes out at once.
    pub fn change(&mut self, now: Time, behaviour: Option<Box<dyn Behaviour>>) -> Vec<Effect> {
        if self.crashed {
            return Vec::new();
        }
        self.behaviour = behaviour;
        self.tick(now);
        std::mem::take(&mut self.held.effects)
            .into_values()
            .collect()
    }

    /// Goes on as another replica, with the same behaviour; what was held back is lost.
    pub fn restart(&mut self, replica: Replica) {
        self.replica = replica;
        self.held = Held::default();
    }

    /// Whether its process is to end now.
    #[must_use]
    pub const fn has_crashed(&self) -> bool {
        self.crashed
    }

    /// The replica inside, to look at.
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

/// What is held back, in the order in which it is due.
#[derive(Debug, Default)]
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
