//! REQUEST: a client asks for an operation (C4.1).

use std::collections::BTreeMap;

use super::Replica;
use crate::effect::Effect;
use crate::id::{ClientId, ReplicaId};
use crate::message::{Message, Replies, Reply, Request, SignedMessage};
use crate::misbehaviour::Misbehaviour;
use crate::mutant::Mutant;
use crate::signature::Verified;
use crate::snapshot::LastReply;
use crate::time::Time;

/// How many requests are sent on to the primary at a time, the oldest first: the timer runs for the oldest.
const RELAYED: usize = 32;

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
            Some(last) if last.timestamp == timestamp => {
                let last = last.clone();
                self.tell([(request.signer(), client, last)]);
                if self.is_mutant(Mutant::ResentStartsTimer) {
                    self.time(client, timestamp);
                }
            }
            Some(last) if timestamp < last.timestamp => {
                self.reject(Misbehaviour::OldTimestamp { client, timestamp });
            }
            _ => {
                self.requests.wait_for(self.now, request.signed());
                self.start_progress_timer();
                self.propose();
            }
        }
    }

    /// Tells the processes that speak for clients what came of their requests. A process that orders something itself
    /// executes it itself, and needs nobody's word for it.
    pub(super) fn tell(
        &mut self,
        told: impl IntoIterator<Item = (ReplicaId, ClientId, LastReply)>,
    ) {
        let mut by_speaker: BTreeMap<ReplicaId, Vec<Reply>> = BTreeMap::new();
        for (speaker, client, last) in told {
            let LastReply {
                timestamp,
                sequence,
                result,
            } = last;
            match client {
                ClientId::Process(process) if process == self.own() => {
                    self.effects.push(Effect::Done { timestamp });
                }
                ClientId::Process(_) => {}
                ClientId::Named(_) => by_speaker.entry(speaker).or_default().push(Reply {
                    view: self.view,
                    client,
                    timestamp,
                    sequence,
                    result,
                }),
            }
        }
        for (to, replies) in by_speaker {
            let message = Message::Replies(Replies { replies });
            self.effects.push(Effect::Send { to, message });
        }
    }

    /// Sends on to the primary what has waited for a while: a client that told only the backups would otherwise turn them
    /// against a primary that never heard of it (C4.1).
    pub(super) fn relay_requests(&mut self) {
        if !self.active || self.is_primary() {
            return;
        }
        let a_while = self.config.status_interval.0 / 2;
        let since = Time(self.now.0.saturating_sub(a_while));
        let primary = self.primary();
        for request in self.requests.waiting_since(since, RELAYED) {
            self.forward(primary, SignedMessage::Request(request));
        }
    }

    /// Asks again for what this process itself waits for (rule 17); its clients' requests are its host's to repeat.
    pub(super) fn resend_own_request(&mut self) {
        let own = ClientId::Process(self.own());
        if let Some(request) = self.requests.waiting_of(own) {
            self.broadcast(Message::Request(request.clone()));
        }
    }
}
