//! A replica that misbehaves, with the interface of one that does not.

use quorate_protocol::{Effect, Input, Replica, Sizes, Status, Time};

use crate::behaviour::Behaviour;

/// A replica and how it misbehaves; without a behaviour it is correct.
#[derive(Debug)]
pub struct Faulty {
    replica: Replica,
    behaviour: Option<Box<dyn Behaviour>>,
}

impl Faulty {
    /// A replica with a behaviour, or a correct one.
    #[must_use]
    pub fn new(replica: Replica, behaviour: Option<Box<dyn Behaviour>>) -> Self {
        Self { replica, behaviour }
    }

    /// As [`Replica::step`], with inputs lost and effects altered as the behaviour has it.
    pub fn step(&mut self, now: Time, input: Input) -> Vec<Effect> {
        let Some(behaviour) = &mut self.behaviour else {
            return self.replica.step(now, input);
        };
        if let Input::Message(message) = &input
            && !behaviour.hears(message.signer())
        {
            return Vec::new();
        }
        behaviour.tick(now);
        self.replica
            .step(now, input)
            .into_iter()
            .flat_map(|effect| behaviour.alter(effect))
            .collect()
    }

    /// As [`Replica::status`].
    #[must_use]
    pub fn status(&self) -> Status {
        self.replica.status()
    }

    /// As [`Replica::sizes`].
    #[must_use]
    pub fn sizes(&self) -> Sizes {
        self.replica.sizes()
    }

    /// How it misbehaves.
    pub fn behaviour(&mut self) -> Option<&mut (dyn Behaviour + 'static)> {
        self.behaviour.as_deref_mut()
    }
}
