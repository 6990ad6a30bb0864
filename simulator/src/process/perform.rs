//! Carries out the replica's effects, in order.

use std::sync::Arc;

use quorate_fault::Damage;
use quorate_protocol::message::Request;
use quorate_protocol::{Effect, Input, Message, Record, Sequence, SignedMessage};
use quorate_service::Service as _;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Deed, Packet, Process};

/// The value that a reader gets from damaged bytes; `None` if they cannot be read.
pub(super) fn damaged<T: Serialize + DeserializeOwned>(value: &T, damage: Damage) -> Option<T> {
    let mut bytes = postcard::to_stdvec(value).ok()?;
    damage.apply(&mut bytes);
    let (value, rest) = postcard::take_from_bytes(&bytes).ok()?;
    rest.is_empty().then_some(value)
}

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
                let packet = self.travelling(*message);
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
                let parts = self.service.snapshot();
                self.answers
                    .push_back(Input::CheckpointTaken { sequence, parts });
            }
            Effect::InstallState { sequence, parts } => {
                // A state that cannot be read is found at the next checkpoint: its digest differs.
                let _ = self.service.restore(&parts);
                self.deeds.push(Deed::Install(sequence));
            }
            Effect::Persist(record) => self.persist(*record),
            Effect::Done { timestamp } => {
                self.session.on_done(timestamp);
                self.deeds.push(Deed::Answered(timestamp));
            }
            Effect::Read {
                to,
                number,
                operation,
            } => {
                if let Some(result) = self.service.query(&operation) {
                    self.answers.push_back(Input::Read { to, number, result });
                }
            }
            Effect::Diverged { sequence } => self.deeds.push(Deed::Diverged(sequence)),
            Effect::Heard(message) => self.hear(*message),
            Effect::ViewChanged { view, active } => self.deeds.push(Deed::View(view, active)),
            Effect::Reject(misbehaviour) => self.deeds.push(Deed::Refuse(misbehaviour)),
            Effect::Accuse(evidence) => self.deeds.push(Deed::Accuse(evidence)),
        }
    }

    /// A step ends once its records are written. Its messages leave after the step.
    fn persist(&mut self, record: Record) {
        let compacts = record.compacts();
        if let Record::NewView(message) = &record
            && let SignedMessage::NewView { new_view, .. } = message.as_ref()
        {
            self.deeds.push(Deed::Began(new_view.clone()));
        }
        self.disk.push(record);
        if compacts {
            self.disk = self.replica.replica().records();
        }
    }

    fn execute(&mut self, sequence: Sequence, requests: Vec<Request>) {
        let results = requests
            .iter()
            .map(|request| self.service.execute(sequence, request))
            .collect();
        self.answers
            .push_back(Input::Executed { sequence, results });
        let proof = self.replica.replica().commit_certificate(sequence).to_vec();
        self.deeds.push(Deed::Committed(proof));
        self.deeds.push(Deed::Execute(sequence, requests));
    }

    /// Signs a message and, if it is its own too, hears it. A faulty replica may want to send a request that it has
    /// altered: nobody would take it.
    fn sign(&mut self, message: Message, hear: bool) -> Option<Arc<Packet>> {
        let signed = self.keys.sign_message(message).ok()?;
        if hear {
            self.inputs.push_back(Input::Message(signed.clone()));
        }
        Some(self.travelling(signed.into_signed()))
    }

    /// A message as it leaves: of a faulty replica perhaps not as it was signed.
    fn travelling(&mut self, message: SignedMessage) -> Arc<Packet> {
        Arc::new(match self.replica.damage(&message) {
            None => Packet::Protocol(message),
            Some(damage) => damaged(&message, damage).map_or(Packet::Garbage, Packet::Protocol),
        })
    }
}
