//! Messages of other processes, before the replica gets them. Cheap checks come first (rule 28).

use quorate_protocol::{Input, Misbehaviour, ReplicaId, SignedMessage};
use quorate_service::Service;

use crate::core::Core;
use crate::event::Event;

impl<S: Service> Core<S> {
    /// The next message of others that passes all checks. A correct process's batch has no message that fails one, so
    /// the rest of such a batch is not looked at.
    pub(crate) fn next_message(&mut self) -> Option<Input> {
        loop {
            let (sender, messages) = self.arrived.front_mut()?;
            let sender = *sender;
            let Some(message) = messages.pop_front() else {
                self.arrived.pop_front();
                continue;
            };
            match self.check(sender, message) {
                Ok(input) => return Some(input),
                // A correct process cannot know what this one has already.
                Err(Misbehaviour::NotNeeded { .. }) => {}
                Err(misbehaviour) => {
                    self.arrived.pop_front();
                    self.events.push(Event::RefusedBatch {
                        sender,
                        misbehaviour,
                    });
                }
            }
        }
    }

    fn check(&mut self, sender: ReplicaId, message: SignedMessage) -> Result<Input, Misbehaviour> {
        let replica = self.replica.replica();
        replica.judge(&message)?;
        if let Some(vote) = replica.surplus(sender, &message) {
            return Ok(Input::Surplus(vote));
        }
        self.keys.verify_message(message).map(Input::Message)
    }
}
