//! Does what the replica's effects say, in order.

use std::sync::Arc;

use quorate_protocol::message::Request;
use quorate_protocol::{ClientId, Effect, Input, Message, Sequence};
use quorate_service::Service as _;

use super::{Deed, Packet, Process};

impl Process {
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
                let packet = Arc::new(Packet::Protocol(*message));
                self.deeds.push(Deed::Send(to, packet));
            }
            Effect::SetTimer { timer, at } => {
                self.timers.insert(timer, at);
                self.deeds.push(Deed::SetTimer(timer, at));
            }
            Effect::CancelTimer(timer) => {
                self.timers.remove(&timer);
            }
            Effect::Execute { sequence, requests } => self.execute(sequence, requests),
            Effect::TakeCheckpoint { sequence } => {
                let state = self.exchange.digest();
                self.answers
                    .push_back(Input::CheckpointTaken { sequence, state });
            }
            Effect::Reply {
                client, timestamp, ..
            } => {
                self.session.on_reply(client, timestamp);
                if client == ClientId::from(self.own) {
                    self.deeds.push(Deed::Answered(timestamp));
                }
            }
            Effect::ViewChanged { view, active } => self.deeds.push(Deed::View(view, active)),
            Effect::Reject(misbehaviour) => self.deeds.push(Deed::Refuse(misbehaviour)),
            Effect::Accuse(evidence) => self.deeds.push(Deed::Accuse(evidence)),
        }
    }

    fn execute(&mut self, sequence: Sequence, requests: Vec<Request>) {
        let results = requests
            .iter()
            .map(|request| {
                self.exchange
                    .execute(sequence, request.client, &request.operation)
            })
            .collect();
        self.answers
            .push_back(Input::Executed { sequence, results });
        self.deeds.push(Deed::Execute(sequence, requests));
    }

    /// Signs a message and, if it is its own too, hears it. A faulty replica may want to send a request that it has
    /// altered: nobody would take it.
    fn sign(&mut self, message: Message, hear: bool) -> Option<Arc<Packet>> {
        let signed = self.keys.sign_message(message).ok()?;
        if hear {
            self.inputs.push_back(Input::Message(signed.clone()));
        }
        Some(Arc::new(Packet::Protocol(signed.into_signed())))
    }
}
