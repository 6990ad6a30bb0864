//! Messages of other processes, before the replica gets them. Cheap checks come first (rule 28).

use quorate_protocol::{Misbehaviour, SignedMessage, VerifiedMessage};
use quorate_service::Service;

use crate::core::Core;
use crate::event::Event;

impl<S: Service> Core<S> {
    /// The next message of others that passes all checks. A correct process's batch has no message that fails one, so
    /// the rest of such a batch is not looked at.
    pub(crate) fn next_message(&mut self) -> Option<VerifiedMessage> {
        loop {
            let (sender, messages) = self.arrived.front_mut()?;
            let sender = *sender;
            let Some(message) = messages.pop_front() else {
                self.arrived.pop_front();
                continue;
            };
            match self.check(message) {
                Ok(message) => return Some(message),
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

    fn check(&mut self, message: SignedMessage) -> Result<VerifiedMessage, Misbehaviour> {
        self.replica.replica().judge(&message)?;
        self.keys.verify_message(message)
    }
}
