//! Serves clients outside the cluster. The process orders their operations, and answers once a quorum of replicas has
//! given the same result (rule 20).

use std::collections::{BTreeMap, BTreeSet};

use quorate_protocol::client::{Accepted, Client, Read, Refused};
use quorate_protocol::message::{Query, Request};
use quorate_protocol::{
    ClientId, Keys, Replica, ReplicaId, Sequence, Timestamp, Verified, VerifiedMessage, View,
};
use quorate_service as service;

use crate::ask::{Outcome, Refusal, RequestName, UNDER_WAY};
use crate::queue::Name;

/// What follows from a reply, or from an answer to a query.
pub(crate) struct Heard<C> {
    /// The results, each with who asked.
    pub(crate) returned: Vec<(C, Outcome)>,
    /// Reads on which the replicas disagree. They must be ordered now.
    pub(crate) requests: Vec<Verified<Request>>,
}

/// Callers that wait no longer.
pub(crate) struct Ended<T> {
    /// The callers.
    pub(crate) callers: Vec<T>,
    /// The requests that nobody waits for now. They need not be submitted any more.
    pub(crate) names: BTreeSet<Name>,
}

/// The callers' operations that are under way.
#[derive(Clone, Debug)]
pub(crate) struct Desk<C> {
    own: ReplicaId,
    /// The lent names count up from it.
    first_number: u64,
    client: Client,
    submits: BTreeMap<Name, Waiting<C>>,
    /// Reads without ordering, by the number of the query.
    reads: BTreeMap<u64, (Vec<u8>, C)>,
    /// Lent names with nothing under way, each with its last timestamp.
    free: Vec<Name>,
    names: u64,
}

/// The callers that wait for the result of one request.
#[derive(Clone, Debug)]
struct Waiting<C> {
    /// Whether the desk has lent the client's name.
    lent: bool,
    callers: Vec<C>,
}

impl<C> Desk<C> {
    /// `first_number` is the first number of this life.
    pub(crate) const fn new(own: ReplicaId, client: Client, first_number: u64) -> Self {
        Self {
            own,
            first_number,
            client,
            submits: BTreeMap::new(),
            reads: BTreeMap::new(),
            free: Vec::new(),
            names: 0,
        }
    }

    /// How many operations and reads have no result yet.
    pub(crate) fn under_way(&self) -> usize {
        self.submits.len() + self.reads.len()
    }

    /// The requests without a result, with those who wait for them.
    pub(crate) fn ordered(&mut self) -> impl Iterator<Item = (Name, &mut C)> {
        self.submits.iter_mut().flat_map(|(name, waiting)| {
            let callers = waiting.callers.iter_mut();
            callers.map(|caller| (*name, caller))
        })
    }

    /// Orders an operation for a caller. `None`: the same request is under way already, and the caller waits for its
    /// result too.
    ///
    /// # Errors
    /// There is no room, or the name cannot be used for it. The caller comes back.
    pub(crate) fn submit(
        &mut self,
        keys: &mut Keys,
        replica: &Replica,
        operation: Vec<u8>,
        name: Option<RequestName>,
        caller: C,
    ) -> Result<Option<Verified<Request>>, (Refusal, C)> {
        if self.under_way() >= UNDER_WAY {
            return Err((Refusal::Full, caller));
        }
        let Some(name) = name else {
            return Ok(Some(self.order_lent(keys, replica, operation, caller)));
        };
        let (seal, after) = match name.seal {
            Some((seal, after)) => (Some(seal), after),
            None => (None, replica.executed()),
        };
        let request = Request {
            client: name.client,
            timestamp: name.timestamp,
            after,
            operation,
            seal,
        };
        if let Err(refused) = self.client.admit(&request, replica) {
            return Err((refusal(request.timestamp, refused), caller));
        }
        let Ok(request) = keys.sign_request(request) else {
            return Err((Refusal::BadSeal, caller));
        };
        if let Some(waiting) = self.submits.get_mut(&name_of(&request)) {
            waiting.callers.push(caller);
            return Ok(None);
        }
        Ok(Some(self.order(request, false, caller)))
    }

    fn order_lent(
        &mut self,
        keys: &Keys,
        replica: &Replica,
        operation: Vec<u8>,
        caller: C,
    ) -> Verified<Request> {
        let (client, timestamp) = self.lend(replica);
        let request = Request::new(client, timestamp, operation);
        let request = keys.sign(request.after(replica.executed()));
        self.order(request, true, caller)
    }

    fn order(&mut self, request: Verified<Request>, lent: bool, caller: C) -> Verified<Request> {
        self.client.wait_for(request.clone());
        let callers = vec![caller];
        let name = name_of(&request);
        self.submits.insert(name, Waiting { lent, callers });
        request
    }

    /// Lends a client name with nothing under way, with its next timestamp. The reply table may know the name from an
    /// earlier life, if the count of lives was lost with the records.
    pub(crate) fn lend(&mut self, replica: &Replica) -> Name {
        let (client, last) = self.free.pop().unwrap_or_else(|| {
            self.names += 1;
            let number = self.first_number.saturating_add(self.names);
            (ClientId::session(self.own, number), Timestamp(0))
        });
        let last = last.max(replica.last_timestamp(client));
        let name = (client, Timestamp(last.0 + 1));
        #[cfg(feature = "mutants")]
        if replica.config().mutant == Some(quorate_protocol::Mutant::LentNameReused) {
            self.free.push(name);
        }
        name
    }

    /// Takes a lent name back. Nothing of it may be under way.
    pub(crate) fn take_back(&mut self, name: Name) {
        self.free.push(name);
    }

    /// Asks for a read without ordering.
    ///
    /// # Errors
    /// There is no room. The caller comes back.
    pub(crate) fn read(&mut self, operation: Vec<u8>, caller: C) -> Result<Query, (Refusal, C)> {
        if self.under_way() >= UNDER_WAY {
            return Err((Refusal::Full, caller));
        }
        let query = self.client.ask(operation.clone());
        self.reads.insert(query.number, (operation, caller));
        Ok(query)
    }

    /// Stops waiting for those who have gone. A request goes on as long as one of its callers waits.
    pub(crate) fn give_up(&mut self, mut gone: impl FnMut(&C) -> bool) -> Ended<C> {
        let mut given_up = Vec::new();
        let mut names = BTreeSet::new();
        for (name, waiting) in &mut self.submits {
            given_up.extend(waiting.callers.extract_if(.., |caller| gone(caller)));
            if waiting.callers.is_empty() {
                names.insert(*name);
            }
        }
        for name in &names {
            self.finish(*name);
        }
        let unread = self.reads.iter().filter(|(_, (_, caller))| gone(caller));
        let unread: Vec<u64> = unread.map(|(number, _)| *number).collect();
        for number in unread {
            self.client.stop_asking(number);
            given_up.extend(self.reads.remove(&number).map(|(_, caller)| caller));
        }
        Ended {
            callers: given_up,
            names,
        }
    }

    /// The callers who wait in vain, because their client has asked for something else at another process, or because
    /// their request has expired.
    pub(crate) fn overtaken(&mut self, replica: &Replica) -> Ended<(C, Refusal)> {
        let mut callers = Vec::new();
        let mut names = BTreeSet::new();
        for (client, timestamp, refused) in self.client.overtaken(replica) {
            let name = (client, timestamp);
            let lent = self.submits.get(&name).is_some_and(|waiting| waiting.lent);
            let refusal = match refused {
                // Only this desk uses a session that it has lent: the reply is on its way.
                Refused::TooOld(_) | Refused::Taken if lent => continue,
                Refused::TooOld(last) => Refusal::Overtaken(last),
                other => refusal(timestamp, other),
            };
            names.insert(name);
            let gone = self.finish(name).into_iter();
            callers.extend(gone.map(|caller| (caller, refusal.clone())));
        }
        Ended { callers, names }
    }

    /// Stops waiting for a request, and returns those that waited for it.
    fn finish(&mut self, name: Name) -> Vec<C> {
        let Some(waiting) = self.submits.remove(&name) else {
            return Vec::new();
        };
        self.client.give_up(name.0, name.1);
        if waiting.lent {
            self.free.push(name);
        }
        waiting.callers
    }

    /// The requests and queries to send again, because they have had no result for a while.
    pub(crate) fn overdue(&mut self) -> (Vec<Verified<Request>>, Vec<Query>) {
        self.client.overdue()
    }
}

impl<C> Desk<C> {
    /// Handles replies, or an answer to a query.
    pub(crate) fn hear(
        &mut self,
        keys: &Keys,
        replica: &Replica,
        message: &VerifiedMessage,
    ) -> Heard<C> {
        let mut heard = Heard {
            returned: Vec::new(),
            requests: Vec::new(),
        };
        match message {
            VerifiedMessage::Replies(replies) => {
                for reply in &replies.value().replies {
                    let accepted = self.client.on_reply(replies.signer(), reply.clone());
                    heard
                        .returned
                        .extend(accepted.iter().flat_map(|one| self.take_result(one)));
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
                            heard.returned.push((caller, outcome(None, Some(&result))));
                        }
                        // A write is under way, or a replica lies. Ordering decides.
                        Read::Divided => {
                            let request = self.order_lent(keys, replica, operation, caller);
                            heard.requests.push(request);
                        }
                    }
                }
            }
            _ => {}
        }
        heard
    }

    fn take_result(&mut self, accepted: &Accepted) -> Vec<(C, Outcome)> {
        let ordered = Some((accepted.sequence, accepted.view));
        let outcome = outcome(ordered, accepted.result.as_deref());
        let callers = self.finish((accepted.client, accepted.timestamp));
        let callers = callers.into_iter();
        callers.map(|caller| (caller, outcome.clone())).collect()
    }
}

pub(crate) fn name_of(request: &Verified<Request>) -> Name {
    (request.value().client, request.value().timestamp)
}

const fn refusal(timestamp: Timestamp, refused: Refused) -> Refusal {
    match refused {
        Refused::Busy => Refusal::Busy,
        Refused::TooOld(last) => Refusal::TooOld(last),
        Refused::Taken => Refusal::Taken(timestamp),
        Refused::Expired => Refusal::Expired,
        Refused::Early(executed) => Refusal::Early(executed),
    }
}

/// `None` as result: it is forgotten.
fn outcome(ordered: Option<(Sequence, View)>, result: Option<&[u8]>) -> Outcome {
    let decode = |result| service::Answer::decode(result).unwrap_or(service::Answer::Unreadable);
    Outcome {
        ordered,
        answer: result.map_or(service::Answer::Forgotten, decode),
    }
}
