//! Does the replica's effects, in order. No other place does.

use std::sync::Arc;

use quorate_protocol::{Effect, Input, Message, ReplicaId, SignedMessage, Time, VerifiedMessage};
use quorate_service::Service;

use crate::batch::encode;
use crate::core::Core;
use crate::event::{Event, Leaving, Outgoing};

impl<S: Service> Core<S> {
    pub(crate) fn perform(&mut self, now: Time, effect: Effect) {
        match effect {
            Effect::Broadcast(message) => {
                if let Some(signed) = self.sign(message) {
                    self.inputs.push_back(Input::Message(signed.clone()));
                    self.send(None, signed.into_signed());
                }
            }
            Effect::Send { to, message } => {
                if let Some(signed) = self.sign(message) {
                    if to == self.own() {
                        self.inputs.push_back(Input::Message(signed));
                    } else {
                        self.send(Some(to), signed.into_signed());
                    }
                }
            }
            Effect::Forward { to, message } => self.send(Some(to), *message),
            Effect::SetTimer { timer, at } => {
                self.views.on_timer_set(timer, now);
                self.timers.insert(timer, at);
            }
            Effect::CancelTimer(timer) => {
                self.timers.remove(&timer);
            }
            Effect::Execute { sequence, requests } => {
                let execute = |request| self.service.execute(sequence, request);
                let results: Vec<_> = requests.iter().map(execute).collect();
                self.answers.push_back(Input::Executed {
                    sequence,
                    results: results.clone(),
                });
                self.events.push(Event::Executed {
                    sequence,
                    requests,
                    results,
                    proof: self.replica().commit_certificate(sequence).to_vec(),
                });
            }
            Effect::TakeCheckpoint { sequence } => {
                let parts = self.service.snapshot();
                self.answers
                    .push_back(Input::CheckpointTaken { sequence, parts });
            }
            Effect::InstallState { sequence, parts } => {
                let restored = self.service.restore(&parts);
                self.events.push(match restored {
                    Ok(()) => Event::Installed(sequence),
                    Err(_) => Event::Unreadable(sequence),
                });
            }
            Effect::Read { to, query } => {
                if let Some(result) = self.service.query(&query.operation) {
                    let answer = query.answer(result);
                    self.answers.push_back(Input::Read { to, answer });
                }
            }
            Effect::Persist(record) => self.records.push(*record),
            Effect::Heard(message) => self.heard.push(*message),
            Effect::Done { timestamp } => self.events.push(Event::Done(timestamp)),
            Effect::Diverged { sequence } => self.events.push(Event::Diverged(sequence)),
            Effect::ViewChanged { view, active } => {
                self.views.on_changed(view, active, now);
                self.events.push(Event::View(view, active));
            }
            Effect::Reject(misbehaviour) => self.events.push(Event::Refused(misbehaviour)),
            Effect::Accuse(evidence) => self.events.push(Event::Accused(evidence)),
            Effect::Suspect(evidence) => {
                let checked = self.keys.check_evidence(&evidence);
                self.events.push(match checked {
                    Ok(()) => Event::Accused(evidence),
                    Err(misbehaviour) => Event::Refused(misbehaviour),
                });
            }
        }
    }

    /// Signs a message. `None`: a faulty replica changed another's request in it, which nobody would accept.
    fn sign(&mut self, message: Message) -> Option<VerifiedMessage> {
        match self.keys.sign_message(message) {
            Ok(signed) => Some(signed),
            Err(misbehaviour) => {
                self.events.push(Event::Unsigned(misbehaviour));
                None
            }
        }
    }

    /// Sends a signed message at the end of the turn.
    fn send(&mut self, to: Option<ReplicaId>, message: SignedMessage) {
        self.leaving.push(Leaving {
            after: self.events.len(),
            to,
            message,
        });
    }

    /// The events of the turn, with what it sends. Messages are encoded only now: all that the turn has signed then has one
    /// signature.
    pub(crate) fn events_with_messages(&mut self) -> Vec<Event> {
        let mut leaving = std::mem::take(&mut self.leaving).into_iter().peekable();
        let events = std::mem::take(&mut self.events);
        let mut all = Vec::with_capacity(events.len() + leaving.len());
        for (place, event) in events.into_iter().enumerate() {
            while let Some(next) = leaving.next_if(|next| next.after <= place) {
                all.push(Event::Sent(self.encode(next)));
            }
            all.push(event);
        }
        all.extend(leaving.map(|next| Event::Sent(self.encode(next))));
        all
    }

    /// Encodes a message. A faulty replica may damage the bytes.
    fn encode(&mut self, Leaving { to, message, .. }: Leaving) -> Outgoing {
        let mut bytes = encode(&message);
        let damage = self.replica.damage(&message);
        if let Some(damage) = &damage {
            let mut damaged = bytes.to_vec();
            damage.apply(&mut damaged);
            bytes = damaged.into();
        }
        Outgoing {
            to,
            message: Arc::new(message),
            bytes,
            damaged: damage.is_some(),
        }
    }
}
