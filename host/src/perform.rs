//! Does the replica's effects, in order. No other place does.

use std::sync::Arc;

use quorate_protocol::{
    Effect, Evidence, Input, Message, ReplicaId, Sequence, SignedMessage, Time, VerifiedMessage,
    View,
};
use quorate_service::{Operation, Service};
use quorate_trace::{self as trace, EventId, Whom};

use crate::batch::encode;
use crate::core::Core;
use crate::event::{Event, Leaving, Outgoing};

impl<S: Service> Core<S> {
    pub(crate) fn perform(&mut self, now: Time, effect: Effect) {
        match effect {
            Effect::Broadcast(message) => {
                if let Some(signed) = self.sign(message) {
                    let sent = self.send(None, signed.clone().into_signed());
                    self.inputs.push_back((sent, Input::Message(signed)));
                }
            }
            Effect::Send { to, message } => {
                if let Some(signed) = self.sign(message) {
                    if to == self.own() {
                        self.give(Input::Message(signed));
                    } else {
                        self.send(Some(to), signed.into_signed());
                    }
                }
            }
            Effect::Forward { to, message } => {
                self.send(Some(to), *message);
            }
            Effect::SetTimer { timer, at } => {
                self.views.on_timer_set(timer, now);
                self.timers.insert(timer, at);
            }
            Effect::CancelTimer(timer) => {
                self.timers.remove(&timer);
            }
            Effect::Execute { sequence, requests } => {
                let replica = self.replica.replica();
                self.meter
                    .on_execute(now, sequence, requests.len(), replica);
                let execute = |request| self.service.execute(sequence, request);
                let results: Vec<_> = requests.iter().map(execute).collect();
                let executed = self.note(|| {
                    let parts = requests.iter().map(|one| Operation::parts(&one.operation));
                    let operations: usize = parts.map(|parts| parts.len()).sum();
                    let what = format!("{} requests, {operations} operations", requests.len());
                    trace::Event::new(trace::Kind::Execute)
                        .slot(sequence)
                        .what(what)
                });
                let answer = Input::Executed {
                    sequence,
                    results: results.clone(),
                };
                self.answers.push_back((executed, answer));
                let proof = self.replica().commit_certificate(sequence).to_vec();
                self.archive.executed(sequence, &proof);
                self.events.push(Event::Executed {
                    sequence,
                    requests,
                    results,
                    proof,
                });
            }
            Effect::TakeCheckpoint { sequence } => {
                let parts = self.service.snapshot();
                let taken = self.note_checkpoint(sequence, "taken");
                let answer = Input::CheckpointTaken { sequence, parts };
                self.answers.push_back((taken, answer));
            }
            Effect::InstallState { sequence, parts } => {
                let restored = self.service.restore(&parts);
                let (event, what) = match restored {
                    Ok(()) => (Event::Installed(sequence), "installed"),
                    Err(_) => (Event::Unreadable(sequence), "unreadable"),
                };
                self.note_checkpoint(sequence, what);
                self.events.push(event);
            }
            Effect::Read { to, query } => {
                if let Some(result) = self.service.query(&query.operation) {
                    let answer = query.answer(result);
                    let cause = self.cause();
                    self.answers.push_back((cause, Input::Read { to, answer }));
                }
            }
            Effect::Persist(record) => {
                self.archive.recorded(&record);
                self.records.push(*record);
            }
            Effect::Heard(message) => self.heard.push(*message),
            Effect::Done { timestamp } => self.events.push(Event::Done(timestamp)),
            Effect::Diverged { sequence } => {
                self.note_checkpoint(sequence, "differs");
                self.events.push(Event::Diverged(sequence));
            }
            Effect::ViewChanged { view, active } => {
                if !active && self.has_left_a_proved_primary(view) {
                    self.views.blame_proof();
                }
                self.views.on_changed(view, active, now);
                self.meter.view_changes += u64::from(active);
                self.note(|| {
                    let what = if active { "starts" } else { "wanted" };
                    trace::Event::new(trace::Kind::View).view(view).what(what)
                });
                self.events.push(Event::View(view, active));
            }
            Effect::Reject(misbehaviour) => {
                self.meter.rejected += 1;
                if let Some(journal) = &mut self.journal {
                    journal.rejected(&misbehaviour);
                }
                self.events.push(Event::Refused(misbehaviour));
            }
            Effect::Accuse(evidence) => self.accuse(evidence),
            Effect::Suspect(evidence) => match self.keys.check_evidence(&evidence) {
                Ok(()) => self.give(Input::Proved(evidence)),
                Err(misbehaviour) => self.events.push(Event::Refused(misbehaviour)),
            },
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

    /// Whether the primary of the view before this one is proved faulty.
    fn has_left_a_proved_primary(&self, view: View) -> bool {
        let replica = self.replica();
        let left = View(view.0.saturating_sub(1));
        replica.convicts(left.primary(replica.config().quorum))
    }

    fn accuse(&mut self, evidence: Box<Evidence>) {
        self.note(|| trace::Event {
            accused: Some(evidence.accused().into()),
            ..trace::Event::new(trace::Kind::Accuse)
        });
        self.events.push(Event::Accused(evidence));
    }

    fn note_checkpoint(&mut self, slot: Sequence, what: &'static str) -> Option<EventId> {
        self.note(|| {
            trace::Event::new(trace::Kind::Checkpoint)
                .slot(slot)
                .what(what)
        })
    }

    /// Sends a signed message at the end of the turn. Returns its name in the trace.
    fn send(&mut self, to: Option<ReplicaId>, message: SignedMessage) -> Option<EventId> {
        let msg = self.note(|| trace::Event {
            to: Some(to.map_or(Whom::All, |to| Whom::One(to.into()))),
            ..trace::Event::new(trace::Kind::Send).about(&message)
        });
        self.leaving.push(Leaving {
            after: self.events.len(),
            msg,
            to,
            message,
        });
        msg
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
    fn encode(
        &mut self,
        Leaving {
            msg, to, message, ..
        }: Leaving,
    ) -> Outgoing {
        let mut bytes = encode(&message);
        let damage = self.replica.damage(&message);
        if let Some(damage) = &damage {
            let mut damaged = bytes.to_vec();
            damage.apply(&mut damaged);
            bytes = damaged.into();
            if let (Some(journal), Some(msg)) = (&mut self.journal, msg) {
                journal.damaged(msg);
            }
        }
        let recipients = match to {
            None => u64::from(self.replica().config().quorum.n()).saturating_sub(1),
            Some(_) => 1,
        };
        let counts = self.meter.of(&message);
        counts.sent += recipients;
        counts.sent_bytes += recipients * bytes.len() as u64;
        Outgoing {
            msg,
            to,
            message: Arc::new(message),
            bytes,
            damaged: damage.is_some(),
        }
    }
}
