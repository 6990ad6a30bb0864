//! REQUEST: a client asks for an operation (C4.1).

use std::collections::BTreeMap;

use super::Replica;
use crate::effect::Effect;
use crate::id::{ClientId, ReplicaId};
use crate::largest::REPLY;
use crate::message::{Message, Replies, Reply, Request, SignedMessage};
use crate::misbehaviour::Misbehaviour;
use crate::mutant::Mutant;
use crate::replies::LastReply;
use crate::signature::{Signed, Verified};
use crate::time::Time;

/// The most requests sent to the primary at a time. The oldest go first, because the timer runs for the oldest.
const RELAYED: usize = 32;
/// The most bytes of these requests, but one goes in any case. The others follow at the next status timer.
const RELAYED_BYTES: usize = 256 * 1024;

impl Replica {
    /// Whether this process may submit a further request of its own: with it, half of its room is taken at most. The
    /// others may still count requests that have executed here (rule 27).
    #[must_use]
    pub fn has_room(&self, request: &Signed<Request>) -> bool {
        let limits = &self.config.limits;
        let (requests, bytes) = self.requests.waiting_from(self.own());
        requests == 0
            || requests < limits.waiting_requests / 2
                && bytes + request.weight() <= limits.waiting / 2
    }

    /// The requests that wait here to execute, whosever they are.
    pub fn waiting_requests(&self) -> impl Iterator<Item = &Request> {
        self.requests.all_waiting()
    }

    /// Broadcasts a request of this process. It comes back to this replica as all broadcasts do. If only the primary
    /// got the request, no backup would start a timer, and the primary could ignore the request.
    pub(super) fn on_submit(&mut self, request: Verified<Request>) {
        self.broadcast(Message::Request(request.into_signed()));
    }

    pub(super) fn on_request(&mut self, request: &Verified<Request>) {
        if let Err(large) = self.config.limits.check_request(request) {
            return self.reject(large);
        }
        let Request {
            client,
            timestamp,
            after,
            ..
        } = *request.value();
        match self.requests.last_reply(client) {
            Some(last) if last.timestamp == timestamp => {
                if last.request != request.value().digest()
                    && !self.is_mutant(Mutant::DigestNotCompared)
                {
                    return self.reject(Misbehaviour::TimestampTaken { client, timestamp });
                }
                let last = last.clone();
                if self.may_send(request.signer(), REPLY + last.result_bytes()) {
                    self.tell([(request.signer(), client, last)]);
                }
                if self.is_mutant(Mutant::ResentStartsTimer) {
                    self.time(request.signed());
                }
            }
            Some(last) if timestamp < last.timestamp => {
                self.reject(Misbehaviour::OldTimestamp { client, timestamp });
            }
            _ if self.requests.is_expired(client, after) => {
                self.reject(Misbehaviour::Expired { client, timestamp });
            }
            _ if self.requests.contradicts_waiting(request.value()) => {
                self.reject(Misbehaviour::TimestampTaken { client, timestamp });
            }
            _ => {
                let limits = &self.config.limits;
                if self.is_mutant(Mutant::WaitingUnbounded) {
                    self.requests.wait_for(self.now, request);
                } else if let Err(full) = self.requests.admit(self.now, request, limits) {
                    return self.reject(full);
                }
                self.start_progress_timer();
                self.propose();
            }
        }
    }

    /// Sends results to the processes that speak for the clients. A process that orders requests for itself executes
    /// them itself and needs no reply.
    pub(super) fn tell(
        &mut self,
        told: impl IntoIterator<Item = (ReplicaId, ClientId, LastReply)>,
    ) {
        let mut by_speaker: BTreeMap<ReplicaId, Vec<Reply>> = BTreeMap::new();
        for (speaker, client, last) in told {
            let LastReply {
                timestamp,
                request,
                sequence,
                result,
            } = last;
            match client.process() {
                Some(process) if process == self.own() => {
                    self.effects.push(Effect::Done { timestamp });
                }
                Some(_) => {}
                None => by_speaker.entry(speaker).or_default().push(Reply {
                    view: self.view,
                    client,
                    timestamp,
                    request,
                    sequence,
                    result,
                }),
            }
        }
        for (to, replies) in by_speaker {
            for replies in in_messages(replies, self.config.limits.batch) {
                let message = Message::Replies(Replies { replies });
                self.effects.push(Effect::Send { to, message });
            }
        }
    }

    /// Sends the requests that have waited for a while to the primary. A client may have sent its request to the
    /// backups only. Without this, the backups would blame a primary that never got it (C4.1).
    pub(super) fn relay_requests(&mut self) {
        if !self.active || self.is_primary() {
            return;
        }
        let a_while = self.config.status_interval.0 / 2;
        let since = Time(self.now.0.saturating_sub(a_while));
        let primary = self.primary();
        let mut bytes = 0;
        for request in self.requests.waiting_since(since, RELAYED) {
            bytes += request.weight();
            if bytes > RELAYED_BYTES && bytes > request.weight() {
                break;
            }
            self.forward(primary, SignedMessage::Request(request));
        }
    }

    /// Broadcasts again the request that this process made for itself, if it still waits (rule 17). The host repeats
    /// the requests of other clients.
    pub(super) fn resend_own_request(&mut self) {
        let own = ClientId::from(self.own());
        if let Some(request) = self.requests.waiting_of(own) {
            self.broadcast(Message::Request(request.clone()));
        }
    }
}

/// Distributes replies over messages of at most `limit` bytes, or of one reply.
fn in_messages(replies: Vec<Reply>, limit: usize) -> Vec<Vec<Reply>> {
    let mut messages: Vec<Vec<Reply>> = Vec::new();
    let mut left = 0;
    for reply in replies {
        let bytes = REPLY + reply.result.as_ref().map_or(0, Vec::len);
        match messages.last_mut().filter(|_| bytes <= left) {
            Some(message) => message.push(reply),
            None => {
                messages.push(vec![reply]);
                left = limit;
            }
        }
        left = left.saturating_sub(bytes);
    }
    messages
}
