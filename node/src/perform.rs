//! Does the replica's effects in order.

use std::sync::Arc;

use quorate_protocol::{Effect, Input, Message, ReplicaId, SignedMessage, VerifiedMessage};
use quorate_service::Service;

use crate::outbox::encode;
use crate::runtime::Runtime;

impl Runtime {
    pub(crate) fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Broadcast(message) => self.broadcast(message),
            Effect::Send { to, message } => self.send(to, message),
            Effect::Forward { to, message } => self.send_signed(to, &message),
            Effect::SetTimer { timer, at } => {
                self.views.on_timer_set(timer, self.timers.now());
                self.timers.set(timer, at);
            }
            Effect::CancelTimer(timer) => self.timers.cancel(timer),
            Effect::Execute { sequence, requests } => {
                let results: Vec<_> = requests
                    .iter()
                    .map(|request| {
                        self.service
                            .execute(sequence, request.client, &request.operation)
                    })
                    .collect();
                self.reply_over_http(&requests, &results);
                self.answers
                    .push_back(Input::Executed { sequence, results });
            }
            Effect::TakeCheckpoint { sequence } => {
                let parts = self.service.snapshot();
                self.answers
                    .push_back(Input::CheckpointTaken { sequence, parts });
            }
            Effect::InstallState { sequence, parts } => {
                tracing::info!(slot = sequence.0, "takes over the state of the others");
                if let Err(error) = self.service.restore(&parts) {
                    // The next checkpoint will show that this state differs. It is then fetched again.
                    tracing::error!(%error, "a state that a quorum vouches for cannot be read");
                }
            }
            Effect::Diverged { sequence } => {
                tracing::error!(slot = sequence.0, "this state is not what a quorum has");
            }
            Effect::Persist(record) => self.unwritten.push(*record),
            Effect::Done { timestamp } => self.session.on_done(timestamp),
            Effect::Heard(message) => self.on_heard(*message),
            Effect::Read {
                to,
                number,
                operation,
            } => {
                if let Some(result) = self.service.query(&operation) {
                    self.answers.push_back(Input::Read { to, number, result });
                }
            }
            Effect::ViewChanged { view, active } => {
                tracing::info!(view = view.0, active, "view change");
                if active {
                    self.views.on_started(view);
                } else {
                    self.views.on_asked(view, self.timers.now());
                }
            }
            Effect::Reject(misbehaviour) => tracing::debug!(%misbehaviour, "refused"),
            Effect::Accuse(evidence) => {
                let accused = evidence.accused();
                if self.proofs.keep(&evidence) {
                    tracing::warn!(%accused, ?evidence, "proved faulty");
                } else {
                    tracing::debug!(%accused, ?evidence, "proved faulty again");
                }
            }
        }
    }

    fn broadcast(&mut self, message: Message) {
        let Some(message) = self.sign(message) else {
            return;
        };
        self.inputs.push_back(Input::Message(message.clone()));
        let encoded = self.encode(&message.into_signed());
        for peer in (0..self.quorum.n()).map(ReplicaId) {
            self.queue(peer, &encoded);
        }
    }

    fn send(&mut self, to: ReplicaId, message: Message) {
        let Some(message) = self.sign(message) else {
            return;
        };
        if to == self.own {
            self.inputs.push_back(Input::Message(message));
        } else {
            self.send_signed(to, &message.into_signed());
        }
    }

    fn send_signed(&mut self, to: ReplicaId, message: &SignedMessage) {
        let encoded = self.encode(message);
        self.queue(to, &encoded);
    }

    /// Encodes a message for sending. A faulty replica may damage the bytes after signing.
    fn encode(&mut self, message: &SignedMessage) -> Arc<[u8]> {
        let encoded = encode(message);
        match self.replica.damage(message) {
            None => encoded,
            Some(damage) => {
                let mut bytes = encoded.to_vec();
                damage.apply(&mut bytes);
                bytes.into()
            }
        }
    }

    fn queue(&mut self, to: ReplicaId, encoded: &Arc<[u8]>) {
        if self.loss.strikes() {
            return;
        }
        if to != self.own && to.0 < self.quorum.n() {
            self.traffic.messages_sent += 1;
            self.traffic.bytes_sent += encoded.len() as u64;
            self.unsent.push((to, Arc::clone(encoded)));
        }
    }

    /// Signs a message. `None`: a faulty replica changed a request in it, which nobody would accept.
    fn sign(&mut self, message: Message) -> Option<VerifiedMessage> {
        self.keys
            .sign_message(message)
            .inspect_err(|misbehaviour| tracing::warn!(%misbehaviour, "not sent"))
            .ok()
    }
}
