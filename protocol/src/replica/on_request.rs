//! REQUEST: a client asks for an operation (C4.1).

use super::Replica;
use crate::effect::Effect;
use crate::id::ClientId;
use crate::message::{Message, Request};
use crate::misbehaviour::Misbehaviour;
use crate::signature::Verified;

impl Replica {
    /// Tells everyone of a request of this process; it comes back to this replica with the others' copies. If only the
    /// primary heard of it, nobody else would time a primary that ignores it.
    pub(super) fn on_submit(&mut self, request: Verified<Request>) {
        self.broadcast(Message::Request(request.into_signed()));
    }

    pub(super) fn on_request(&mut self, request: &Verified<Request>) {
        let Request {
            client, timestamp, ..
        } = *request.value();
        match self.requests.last_reply(client) {
            Some((last, result)) if *last == timestamp => {
                let result = result.clone();
                self.effects.push(Effect::Reply {
                    view: self.view,
                    client,
                    timestamp,
                    result,
                });
            }
            Some((last, _)) if timestamp < *last => {
                self.reject(Misbehaviour::OldTimestamp { client, timestamp });
            }
            _ => {
                self.requests.wait_for(request.signed());
                self.start_progress_timer();
                self.propose();
            }
        }
    }

    /// Asks again for what this process itself waits for (rule 17).
    pub(super) fn resend_own_request(&mut self) {
        if let Some(request) = self.requests.waiting_of(ClientId::from(self.own())) {
            let message = Message::Request(request.clone());
            self.broadcast(message);
        }
    }
}
