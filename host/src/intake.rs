//! Messages of other processes, before the replica gets them. Cheap checks come first (rule 28).

use std::fmt;

use quorate_protocol::message::Kind;
use quorate_protocol::{Input, Misbehaviour, ReplicaId, SignedMessage};
use quorate_service::Service;
use quorate_trace::{self as trace, EventId, Why};

use crate::batch::Arrived;
use crate::core::{Caused, Core};
use crate::event::Event;

impl<S: Service> Core<S> {
    /// The next message of others that passes all checks. A correct process's batch has no message that fails one, so
    /// the rest of such a batch is not looked at.
    pub(crate) fn next_message(&mut self) -> Option<Caused> {
        loop {
            let (sender, messages) = self.arrived.front_mut()?;
            let sender = *sender;
            let Some(Arrived {
                msg,
                arrival,
                message,
            }) = messages.pop_front()
            else {
                self.arrived.pop_front();
                continue;
            };
            let kind = Kind::number(&message);
            match self.check(sender, message) {
                Ok(input) => {
                    let counts = &mut self.meter.kinds[kind];
                    match &input {
                        Input::Surplus(_) => counts.skipped += 1,
                        _ => counts.verified += 1,
                    }
                    return Some((arrival, input));
                }
                // A correct process cannot know what this one has already.
                Err(Misbehaviour::NotNeeded { .. }) => self.meter.kinds[kind].skipped += 1,
                Err(misbehaviour) => {
                    self.meter.kinds[kind].refused += 1;
                    self.follow(arrival);
                    self.note_refused(sender, msg, &misbehaviour);
                    self.refuse_rest();
                    self.events.push(Event::RefusedBatch {
                        sender,
                        misbehaviour,
                    });
                }
            }
        }
    }

    /// Drops the rest of the oldest batch.
    fn refuse_rest(&mut self) {
        let Some((sender, rest)) = self.arrived.pop_front() else {
            return;
        };
        for one in &rest {
            self.meter.of(&one.message).refused += 1;
        }
        if self.journal.is_some() {
            for one in rest {
                self.follow(one.arrival);
                self.note_refused(
                    sender,
                    one.msg,
                    &"an earlier message of its batch is refused",
                );
            }
        }
    }

    fn note_refused(&mut self, sender: ReplicaId, msg: Option<EventId>, why: &impl fmt::Display) {
        self.note(|| trace::Event {
            msg,
            from: Some(sender.into()),
            why: Some(Why::Refused),
            ..trace::Event::new(trace::Kind::Drop).what(why.to_string())
        });
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
