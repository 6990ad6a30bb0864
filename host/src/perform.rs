//! Does the replica's effects in order.

use std::sync::Arc;

use quorate_protocol::{Effect, Input, Message, SignedMessage};
use quorate_service::Service as _;

use crate::{Deed, Host};

impl<T> Host<T> {
    pub(super) fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Broadcast(message) => {
                if let Some(signed) = self.sign(message, true) {
                    self.deeds.push(Deed::Broadcast(signed));
                }
            }
            Effect::Send { to, message } => {
                let own = to == self.own;
                if let Some(signed) = self.sign(message, own)
                    && !own
                {
                    self.deeds.push(Deed::Send(to, signed));
                }
            }
            Effect::Forward { to, message } => {
                self.deeds.push(Deed::Send(to, Arc::new(*message)));
            }
            Effect::SetTimer { timer, at } => drop(self.timers.insert(timer, at)),
            Effect::CancelTimer(timer) => drop(self.timers.remove(&timer)),
            Effect::Execute { sequence, requests } => {
                let execute = |request: &quorate_protocol::message::Request| {
                    self.service
                        .execute(sequence, request.client, &request.operation)
                };
                let results = requests.iter().map(execute).collect();
                self.answers
                    .push_back(Input::Executed { sequence, results });
                self.deeds.push(Deed::Executed(sequence, requests));
            }
            Effect::TakeCheckpoint { sequence } => {
                let parts = self.service.snapshot();
                self.answers
                    .push_back(Input::CheckpointTaken { sequence, parts });
            }
            Effect::InstallState { sequence, parts } => {
                // The state could not be decoded. The next checkpoint then differs and is fetched again.
                let _ = self.service.restore(&parts);
                self.deeds.push(Deed::Installed(sequence));
            }
            Effect::Persist(record) => self.deeds.push(Deed::Persist(record)),
            // Only the exchange orders for the process itself, and this host has no exchange.
            Effect::Done { timestamp: _ } => {}
            Effect::Read {
                to,
                number,
                operation,
            } => {
                if let Some(result) = self.service.query(&operation) {
                    self.answers.push_back(Input::Read { to, number, result });
                }
            }
            Effect::Heard(message) => {
                let heard = self.desk.hear(&self.keys, &message);
                self.inputs
                    .extend(heard.requests.into_iter().map(Input::Submit));
                let returned = heard.returned.into_iter();
                self.deeds
                    .extend(returned.map(|(caller, outcome)| Deed::Returned(caller, outcome)));
            }
            Effect::Diverged { sequence } => self.deeds.push(Deed::Diverged(sequence)),
            Effect::ViewChanged { view, active } => self.deeds.push(Deed::View(view, active)),
            Effect::Reject(misbehaviour) => self.deeds.push(Deed::Refused(misbehaviour)),
            Effect::Accuse(evidence) => self.deeds.push(Deed::Accused(evidence)),
        }
    }

    /// Signs a message. With `hear`, the message also becomes this process's own input. `None`: a faulty replica
    /// changed a request in it, which nobody would accept.
    fn sign(&mut self, message: Message, hear: bool) -> Option<Arc<SignedMessage>> {
        let signed = self.keys.sign_message(message).ok()?;
        if hear {
            self.inputs.push_back(Input::Message(signed.clone()));
        }
        Some(Arc::new(signed.into_signed()))
    }
}
