//! Carries out the effects of a replica, in order, and notes the actions that a story tells.

use std::collections::VecDeque;

use quorate_protocol::client::{Accepted, Read};
use quorate_protocol::message::{Piece, State};
use quorate_protocol::{
    Effect, Input, Message, Misbehaviour, ReplicaId, SignedMessage, VerifiedMessage,
};

use super::network::Parcel;
use super::stage::Stage;

impl Stage {
    /// Carries out one effect of a replica. Answers that the replica must get before any other input go into `answers`, its
    /// messages to itself into `inputs`.
    pub(super) fn perform(
        &mut self,
        id: ReplicaId,
        effect: Effect,
        answers: &mut VecDeque<Input>,
        inputs: &mut VecDeque<Input>,
    ) {
        self.note(id, effect.clone());
        let processes = self.processes();
        let Ok(node) = self.node(id) else { return };
        match effect {
            Effect::Broadcast(message) => {
                let Ok(verified) = node.keys.sign_message(message) else {
                    return;
                };
                inputs.push_back(Input::Message(verified.clone()));
                let signed = verified.into_signed();
                for to in processes.into_iter().filter(|to| *to != id) {
                    self.send(id, to, signed.clone());
                }
            }
            Effect::Send { to, message } => {
                let Ok(verified) = node.keys.sign_message(message) else {
                    return;
                };
                if to == id {
                    inputs.push_back(Input::Message(verified));
                } else {
                    self.send(id, to, verified.into_signed());
                }
            }
            Effect::Forward { to, message } => self.send(id, to, *message),
            Effect::SetTimer { timer, at } => {
                node.timers.insert(timer, at);
            }
            Effect::CancelTimer(timer) => {
                node.timers.remove(&timer);
            }
            Effect::Execute { sequence, requests } => {
                let results = requests
                    .iter()
                    .map(|request| node.execute(request))
                    .collect();
                answers.push_back(Input::Executed { sequence, results });
            }
            Effect::TakeCheckpoint { sequence } => {
                let parts = node.snapshot();
                answers.push_back(Input::CheckpointTaken { sequence, parts });
            }
            Effect::InstallState { parts, .. } => node.install(&parts),
            Effect::Persist(record) => node.persist(*record),
            Effect::Read {
                to,
                number,
                operation,
            } => {
                let result = node.read(&operation);
                answers.push_back(Input::Read { to, number, result });
            }
            Effect::Heard(message) => self.hear(id, *message),
            Effect::Diverged { .. }
            | Effect::Done { .. }
            | Effect::ViewChanged { .. }
            | Effect::Reject(_)
            | Effect::Accuse(_) => {}
        }
    }

    fn send(&mut self, from: ReplicaId, to: ReplicaId, message: SignedMessage) {
        if self.node(from).is_ok_and(|node| node.dies) {
            return;
        }
        if !matches!(message, SignedMessage::Standing(_)) {
            self.page.messages += 1;
        }
        let sent = self.sketch.sends();
        self.network.queue.push_back(Parcel {
            from,
            to,
            message,
            sent,
        });
    }

    /// A reply or an answer for the clients that a process speaks for.
    fn hear(&mut self, id: ReplicaId, message: VerifiedMessage) {
        let now = self.now;
        let Ok(node) = self.node(id) else { return };
        match message {
            VerifiedMessage::Replies(replies) => {
                let told = replies.value().replies.iter().cloned();
                let done: Vec<Accepted> = told
                    .filter_map(|reply| node.client.on_reply(replies.signer(), reply))
                    .collect();
                for done in done {
                    self.answered(id, &done);
                }
            }
            VerifiedMessage::Answer(answer) => {
                let read = node
                    .client
                    .on_answer(answer.signer(), answer.value().clone());
                let words = match read {
                    Some(Read::Agreed(result)) => {
                        format!("reads '{}'", String::from_utf8_lossy(&result))
                    }
                    Some(Read::Divided) => "reads nothing: the answers are divided".to_owned(),
                    None => return,
                };
                self.page.words(now, id, words);
            }
            _ => {}
        }
    }

    /// A client gets its answer: the expected result, or a wrong one.
    fn answered(&mut self, id: ReplicaId, done: &Accepted) {
        let asked = format!("{}/{}", self.names.client(done.client), done.timestamp.0);
        let result = String::from_utf8_lossy(&done.result);
        if result == format!("{asked} done") {
            self.page.answer(self.now, id, asked);
        } else {
            let words = format!("has the WRONG answer '{result}' to {asked}");
            self.page.words(self.now, id, words);
        }
    }

    /// Notes an effect for the page.
    pub(super) fn note(&mut self, id: ReplicaId, effect: Effect) {
        let now = self.now;
        match effect {
            Effect::Execute { sequence, requests } => {
                let first = self
                    .agreed
                    .entry(sequence)
                    .or_insert_with(|| (id, requests.clone()));
                let differs =
                    (first.1 != requests).then(|| (first.0, self.names.requests(&first.1)));
                let words = self.names.requests(&requests);
                self.sketch.executes(id, sequence, &words);
                self.page.execute(now, id, sequence, requests);
                if let Some((other, words)) = differs {
                    let words = format!("DISAGREES with {other}, which executed {words} there");
                    self.page.words(now, id, words);
                }
            }
            Effect::Broadcast(message) => self.note_message(id, None, &message),
            Effect::Send { to, message } => self.note_message(id, Some(to), &message),
            Effect::Reject(
                Misbehaviour::WrongView { .. }
                | Misbehaviour::OutsideWindow { .. }
                | Misbehaviour::OldTimestamp { .. }
                | Misbehaviour::UnwantedBody { .. },
            ) if !self.page.shows_messages => self.page.refuse_late(now, id),
            effect => {
                self.sketch.effect(id, &effect);
                if let Some(words) = self.names.deed(&effect) {
                    self.page.words(now, id, words);
                }
            }
        }
    }

    fn note_message(&mut self, id: ReplicaId, to: Option<ReplicaId>, message: &Message) {
        let now = self.now;
        match message {
            Message::PrePrepare(_, batch) => self.names.learn_batch(batch),
            Message::State(State {
                sequence,
                piece: Piece::Manifest(manifest),
            }) => {
                self.manifests.insert(*sequence, manifest.clone());
            }
            _ => {}
        }
        let words = self.names.message(message);
        let Ok(node) = self.node(id) else { return };
        let is_news = match message {
            Message::ViewChange(wish) => {
                !wish.prepared.is_empty()
                    && std::mem::replace(&mut node.carried, wish.view) != wish.view
            }
            Message::NewView(_) | Message::Fetch(_) => true,
            Message::FetchState(asks) => asks.part.is_none(),
            Message::Standing(_) => return,
            _ => false,
        };
        if is_news || self.page.shows_messages {
            let whom = to.map_or_else(|| "all".to_owned(), |to| to.to_string());
            self.page.words(now, id, format!("tells {whom}: {words}"));
        }
    }
}
