//! Does what the replica's effects say, in order.

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
                // A state that cannot be read shows at the next checkpoint, which then differs.
                let _ = self.service.restore(&parts);
                self.deeds.push(Deed::Installed(sequence));
            }
            Effect::Persist(record) => self.deeds.push(Deed::Persist(record)),
            // What this process orders for itself is the exchange's, which is not here.
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

    /// Signs a message and, if it is its own too, hears it. A faulty replica may want to send a request that it has
    /// altered: nobody would take it.
    fn sign(&mut self, message: Message, hear: bool) -> Option<Arc<SignedMessage>> {
        let signed = self.keys.sign_message(message).ok()?;
        if hear {
            self.inputs.push_back(Input::Message(signed.clone()));
        }
        Some(Arc::new(signed.into_signed()))
    }
}
