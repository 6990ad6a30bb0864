//! Serves clients outside the cluster. The process orders their operations, and answers once a quorum of replicas has
//! given the same result (rule 20).

use std::collections::BTreeMap;

use quorate_protocol::client::{Accepted, Client, Read};
use quorate_protocol::message::{Query, Request};
use quorate_protocol::{
    ClientId, Keys, Quorum, ReplicaId, Sequence, Timestamp, Verified, VerifiedMessage, View,
};
use quorate_service::Answer;

/// The result of a caller's operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The slot in which it executed, and the view. `None` if it was read without ordering.
    pub ordered: Option<(Sequence, View)>,
    /// The service's answer.
    pub answer: Answer,
}

/// What follows from a message.
pub(super) struct Heard<T> {
    pub(super) returned: Vec<(T, Outcome)>,
    /// Reads on which the replicas disagree. They must be ordered now.
    pub(super) requests: Vec<Verified<Request>>,
}

/// The clients' operations that are under way.
#[derive(Debug)]
pub(super) struct Desk<T> {
    own: ReplicaId,
    life: u64,
    client: Client,
    submits: BTreeMap<(ClientId, Timestamp), T>,
    /// Reads without ordering, by the number of the query.
    reads: BTreeMap<u64, (Vec<u8>, T)>,
    /// Client names with nothing under way, each with its last timestamp.
    free: Vec<(ClientId, Timestamp)>,
    names: u64,
}

impl<T> Desk<T> {
    pub(super) const fn new(own: ReplicaId, quorum: Quorum, life: u64) -> Self {
        Self {
            own,
            life,
            client: Client::new(quorum, life),
            submits: BTreeMap::new(),
            reads: BTreeMap::new(),
            free: Vec::new(),
            names: 0,
        }
    }

    pub(super) fn submit(
        &mut self,
        keys: &Keys,
        operation: Vec<u8>,
        caller: T,
    ) -> Verified<Request> {
        let (client, last) = self.free.pop().unwrap_or_else(|| {
            self.names += 1;
            let number = self.life.saturating_add(self.names);
            (ClientId::session(self.own, number), Timestamp(0))
        });
        let timestamp = Timestamp(last.0 + 1);
        let request = keys.sign(Request::new(client, timestamp, operation));
        self.client.wait_for(request.clone());
        self.submits.insert((client, timestamp), caller);
        request
    }

    pub(super) fn read(&mut self, operation: Vec<u8>, caller: T) -> Query {
        let query = self.client.ask(operation.clone());
        self.reads.insert(query.number, (operation, caller));
        query
    }

    pub(super) fn count(&self) -> usize {
        self.submits.len() + self.reads.len()
    }

    /// The operations that are being ordered.
    pub(super) fn ordered(&mut self) -> impl Iterator<Item = (ClientId, Timestamp, &mut T)> {
        let submits = self.submits.iter_mut();
        submits.map(|((client, timestamp), caller)| (*client, *timestamp, caller))
    }

    pub(super) fn give_up(&mut self, mut gone: impl FnMut(&T) -> bool) -> Vec<T> {
        let submits = self.submits.iter();
        let submits: Vec<_> = submits
            .filter(|(_, caller)| gone(caller))
            .map(|(request, _)| *request)
            .collect();
        let reads = self.reads.iter();
        let reads: Vec<_> = reads
            .filter(|(_, (_, caller))| gone(caller))
            .map(|(number, _)| *number)
            .collect();
        let mut callers = Vec::new();
        for (client, timestamp) in submits {
            self.client.give_up(client, timestamp);
            self.free.push((client, timestamp));
            callers.extend(self.submits.remove(&(client, timestamp)));
        }
        for number in reads {
            self.client.stop_asking(number);
            callers.extend(self.reads.remove(&number).map(|(_, caller)| caller));
        }
        callers
    }

    /// Handles a reply, or an answer to a query.
    pub(super) fn hear(&mut self, keys: &Keys, message: &VerifiedMessage) -> Heard<T> {
        let mut heard = Heard {
            returned: Vec::new(),
            requests: Vec::new(),
        };
        match message {
            VerifiedMessage::Replies(replies) => {
                for reply in &replies.value().replies {
                    let accepted = self.client.on_reply(replies.signer(), reply.clone());
                    let result = accepted.and_then(|accepted| self.take_result(&accepted));
                    heard.returned.extend(result);
                }
            }
            VerifiedMessage::Answer(answer) => {
                let (from, number) = (answer.signer(), answer.value().number);
                let read = self.client.on_answer(from, answer.value().clone());
                if let Some(read) = read
                    && let Some((operation, caller)) = self.reads.remove(&number)
                {
                    match read {
                        Read::Agreed(result) => {
                            heard.returned.push((caller, outcome(None, &result)));
                        }
                        // A write is under way, or a replica lies. Ordering decides.
                        Read::Divided => heard.requests.push(self.submit(keys, operation, caller)),
                    }
                }
            }
            _ => {}
        }
        heard
    }

    fn take_result(&mut self, accepted: &Accepted) -> Option<(T, Outcome)> {
        let (client, timestamp) = (accepted.client, accepted.timestamp);
        let caller = self.submits.remove(&(client, timestamp))?;
        self.free.push((client, timestamp));
        let ordered = Some((accepted.sequence, accepted.view));
        Some((caller, outcome(ordered, &accepted.result)))
    }

    /// The requests and queries to send again, because they have had no result for a while.
    pub(super) fn overdue(&mut self) -> (Vec<Verified<Request>>, Vec<Query>) {
        self.client.overdue()
    }
}

fn outcome(ordered: Option<(Sequence, View)>, result: &[u8]) -> Outcome {
    Outcome {
        ordered,
        answer: Answer::decode(result).unwrap_or(Answer::Unreadable),
    }
}
