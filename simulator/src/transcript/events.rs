//! What follows from the events of a replica: messages for the network, and actions that a story tells.

use quorate_host::{Event, Outgoing};
use quorate_protocol::client::{Accepted, Read};
use quorate_protocol::message::{Piece, Request};
use quorate_protocol::{Misbehaviour, ReplicaId, Sequence, SignedMessage, VerifiedMessage};

use super::parcel::Parcel;
use super::stage::Stage;

impl Stage {
    /// Notes an event for the page and the picture, and hands messages to the network.
    pub(super) fn on_event(&mut self, id: ReplicaId, event: Event) {
        let now = self.now;
        match event {
            Event::Sent(sent) => self.send(id, &sent),
            Event::Executed {
                sequence, requests, ..
            } => self.executed(id, sequence, requests),
            Event::Refused(
                Misbehaviour::WrongView { .. }
                | Misbehaviour::OutsideWindow { .. }
                | Misbehaviour::OldTimestamp { .. }
                | Misbehaviour::UnwantedBody { .. },
            ) if !self.page.shows_messages => self.page.refuse_late(now, id),
            event => {
                self.sketch.event(id, &event);
                if let Some(words) = self.names.event(&event) {
                    self.page.words(now, id, words);
                }
            }
        }
    }

    fn executed(&mut self, id: ReplicaId, sequence: Sequence, requests: Vec<Request>) {
        let now = self.now;
        let first = self
            .agreed
            .entry(sequence)
            .or_insert_with(|| (id, requests.clone()));
        let differs = (first.1 != requests).then(|| (first.0, self.names.requests(&first.1)));
        let words = self.names.requests(&requests);
        self.sketch.executes(id, sequence, &words);
        self.page.execute(now, id, sequence, requests);
        if let Some((other, words)) = differs {
            let words = format!("DISAGREES with {other}, which executed {words} there");
            self.page.words(now, id, words);
        }
    }

    fn send(&mut self, id: ReplicaId, sent: &Outgoing) {
        self.note_message(id, sent.to, &sent.message);
        if self.node(id).is_ok_and(|node| node.dies) {
            return;
        }
        let recipients = match sent.to {
            Some(to) => vec![to],
            None => {
                let all = self.processes().into_iter();
                all.filter(|to| *to != id).collect()
            }
        };
        for to in recipients {
            if !matches!(*sent.message, SignedMessage::Standing(_)) {
                self.page.messages += 1;
            }
            self.network.queue.push_back(Parcel {
                from: id,
                to,
                message: (*sent.message).clone(),
                sent: self.sketch.sends(),
            });
        }
    }

    fn note_message(&mut self, id: ReplicaId, to: Option<ReplicaId>, message: &SignedMessage) {
        let now = self.now;
        match message {
            SignedMessage::PrePrepare { batch, .. } => self.names.learn_batch(batch),
            SignedMessage::State(state) => {
                if let Piece::Manifest(manifest) = &state.value().piece {
                    let sequence = state.value().sequence;
                    self.manifests.insert(sequence, manifest.clone());
                }
            }
            _ => {}
        }
        let words = self.names.message(message);
        let Ok(node) = self.node(id) else { return };
        let is_news = match message {
            SignedMessage::ViewChange(wish) => {
                let wish = wish.value();
                !wish.prepared.is_empty()
                    && std::mem::replace(&mut node.carried, wish.view) != wish.view
            }
            // To one other it is told again.
            SignedMessage::NewView { .. } => to.is_none(),
            SignedMessage::Fetch(_) => true,
            SignedMessage::FetchState(asks) => asks.value().part.is_none(),
            SignedMessage::Standing(_) => return,
            _ => false,
        };
        if is_news || self.page.shows_messages {
            let whom = to.map_or_else(|| "all".to_owned(), |to| to.to_string());
            self.page.words(now, id, format!("tells {whom}: {words}"));
        }
    }

    /// A reply or an answer for the clients that a process speaks for.
    pub(super) fn hear(&mut self, id: ReplicaId, message: VerifiedMessage) {
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
        let result = String::from_utf8_lossy(done.result.as_deref().unwrap_or(b"forgotten"));
        if result == format!("{asked} done") {
            self.page.answer(self.now, id, asked);
        } else {
            let words = format!("has the WRONG answer '{result}' to {asked}");
            self.page.words(self.now, id, words);
        }
    }
}
