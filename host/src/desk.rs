//! Serves clients outside the cluster. The process orders their operations, and answers once a quorum of replicas has
//! given the same result (rule 20).
//!
//! The operations of callers without a name of their own wait here for a session of the process. A request of such a session
//! takes all operations that wait, as far as they fit. At most [`LANES`] of these requests are under way at once. So one caller
//! alone waits for nobody, and of many callers a request serves all that have asked since the last one left.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use quorate_protocol::client::{Accepted, Client, Read, Refused};
use quorate_protocol::message::{Query, Request};
use quorate_protocol::{
    ClientId, Keys, Replica, ReplicaId, SignedMessage, Timestamp, Verified, VerifiedMessage,
};
use quorate_service::{self as service, Operation};

use crate::ask::{BYTES, LANES, Outcome, Refusal, RequestName, UNDER_WAY};
use crate::queue::Name;

/// The results that follow from a reply, or from an answer to a query, each with who asked.
pub(crate) type Returned<C> = Vec<(C, Outcome)>;

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
    /// The operations that wait for a session, first come first.
    waiting: VecDeque<Asked<C>>,
    submits: BTreeMap<Name, UnderWay<C>>,
    /// Reads without ordering, by the number of the query.
    reads: BTreeMap<u64, Asked<C>>,
    /// How many requests of sessions are under way for callers.
    lanes: usize,
    /// How many operations and reads have no result yet, and their bytes.
    sum: Sum,
    /// Lent names with nothing under way, each with its last timestamp.
    free: Vec<Name>,
    names: u64,
}

/// An operation of a caller without a name.
#[derive(Clone, Debug)]
struct Asked<C> {
    /// The operation, encoded.
    operation: Vec<u8>,
    /// Whether its answer leaves no room for others in one result.
    alone: bool,
    caller: C,
}

/// Those who wait for the result of one request.
#[derive(Clone, Debug)]
enum UnderWay<C> {
    /// It has one operation, of so many bytes, and a name that its client has given. All callers get the same result.
    Named { bytes: usize, callers: Vec<C> },
    /// The desk has lent its session. Each of its operations has a caller, until that one goes.
    Lent {
        request: Verified<Request>,
        /// Its operations.
        sum: Sum,
        callers: Vec<Option<C>>,
    },
}

/// A number of operations, and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    operations: usize,
    bytes: usize,
}

impl Sum {
    const fn of(bytes: usize) -> Self {
        Self {
            operations: 1,
            bytes,
        }
    }

    const fn add(&mut self, other: Self) {
        self.operations += other.operations;
        self.bytes += other.bytes;
    }

    const fn take(&mut self, other: Self) {
        self.operations -= other.operations;
        self.bytes -= other.bytes;
    }
}

impl<C> Desk<C> {
    /// `first_number` is the first number of this life.
    pub(crate) const fn new(own: ReplicaId, client: Client, first_number: u64) -> Self {
        Self {
            own,
            first_number,
            client,
            waiting: VecDeque::new(),
            submits: BTreeMap::new(),
            reads: BTreeMap::new(),
            lanes: 0,
            sum: Sum {
                operations: 0,
                bytes: 0,
            },
            free: Vec::new(),
            names: 0,
        }
    }

    /// How many operations and reads have no result yet.
    pub(crate) const fn under_way(&self) -> usize {
        self.sum.operations
    }

    /// The requests without a result, with those who wait for them.
    pub(crate) fn ordered(&mut self) -> impl Iterator<Item = (Name, &mut C)> {
        self.submits.iter_mut().flat_map(|(name, under_way)| {
            let callers: Vec<&mut C> = match under_way {
                UnderWay::Named { callers, .. } => callers.iter_mut().collect(),
                UnderWay::Lent { callers, .. } => callers.iter_mut().flatten().collect(),
            };
            callers.into_iter().map(|caller| (*name, caller))
        })
    }

    /// Takes an operation of a caller without a name. It leaves with the next request of a session: see [`Desk::depart`].
    ///
    /// # Errors
    /// There is no room. The caller comes back.
    pub(crate) fn take(&mut self, operation: Vec<u8>, caller: C) -> Result<(), (Refusal, C)> {
        if !self.has_room(operation.len()) {
            return Err((Refusal::Full, caller));
        }
        self.sum.add(Sum::of(operation.len()));
        self.waiting.push_back(Asked {
            operation,
            alone: false,
            caller,
        });
        Ok(())
    }

    const fn has_room(&self, bytes: usize) -> bool {
        self.sum.operations < UNDER_WAY && self.sum.bytes.saturating_add(bytes) <= BYTES
    }

    /// Orders an operation for a caller with a name. `None`: the same request is under way already, and the caller waits for its
    /// result too.
    ///
    /// # Errors
    /// There is no room, or the name cannot be used for it. The caller comes back.
    pub(crate) fn submit(
        &mut self,
        keys: &mut Keys,
        replica: &Replica,
        operation: Vec<u8>,
        name: RequestName,
        caller: C,
    ) -> Result<Option<Verified<Request>>, (Refusal, C)> {
        if !self.has_room(operation.len()) {
            return Err((Refusal::Full, caller));
        }
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
        let name = name_of(&request);
        if let Some(UnderWay::Named { callers, .. }) = self.submits.get_mut(&name) {
            callers.push(caller);
            return Ok(None);
        }
        let bytes = request.value().operation.len();
        self.sum.add(Sum::of(bytes));
        self.client.wait_for(request.clone());
        let callers = vec![caller];
        self.submits
            .insert(name, UnderWay::Named { bytes, callers });
        Ok(Some(request))
    }

    /// The next request of a session, if operations wait and a lane is free. It takes all that wait, as far as they fit.
    pub(crate) fn depart(&mut self, keys: &Keys, replica: &Replica) -> Option<Verified<Request>> {
        if self.lanes >= LANES || self.waiting.is_empty() {
            return None;
        }
        let count = self.fitting(replica.config().limits.operation);
        let mut sum = Sum::default();
        let (mut operations, mut callers) = (Vec::new(), Vec::new());
        for one in self.waiting.drain(..count) {
            sum.add(Sum::of(one.operation.len()));
            operations.push(one.operation);
            callers.push(Some(one.caller));
        }
        let operation = match <[Vec<u8>; 1]>::try_from(operations) {
            Ok([one]) => one,
            Err(several) => Operation::Several(several).encode(),
        };
        let (client, timestamp) = self.lend(replica);
        let request = Request::new(client, timestamp, operation);
        let request = keys.sign(request.after(replica.executed()));
        self.client.wait_for(request.clone());
        self.lanes += 1;
        let under_way = UnderWay::Lent {
            request: request.clone(),
            sum,
            callers,
        };
        self.submits.insert(name_of(&request), under_way);
        Some(request)
    }

    /// How many of the operations that wait go into the next request, of which the operation may have so many bytes.
    fn fitting(&self, bytes: usize) -> usize {
        if self.waiting.front().is_some_and(|first| first.alone) {
            return 1;
        }
        let together = self.waiting.iter().take_while(|one| !one.alone);
        let lengths = together.map(|one| one.operation.len());
        Operation::fitting(lengths, bytes)
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
        if !self.has_room(operation.len()) {
            return Err((Refusal::Full, caller));
        }
        self.sum.add(Sum::of(operation.len()));
        let query = self.client.ask(operation.clone());
        let read = Asked {
            operation,
            alone: false,
            caller,
        };
        self.reads.insert(query.number, read);
        Ok(query)
    }

    /// Stops waiting for those who have gone. A request goes on as long as one of its callers waits.
    pub(crate) fn give_up(&mut self, mut gone: impl FnMut(&C) -> bool) -> Ended<C> {
        let mut given_up = Vec::new();
        let (left, waiting): (VecDeque<Asked<C>>, _) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|one| gone(&one.caller));
        self.waiting = waiting;
        for one in left {
            self.sum.take(Sum::of(one.operation.len()));
            given_up.push(one.caller);
        }
        let mut names = BTreeSet::new();
        for (name, under_way) in &mut self.submits {
            if under_way.give_up(&mut gone, &mut given_up) {
                names.insert(*name);
            }
        }
        for name in &names {
            self.finish(*name);
        }
        let unread = self.reads.iter().filter(|(_, read)| gone(&read.caller));
        let unread: Vec<u64> = unread.map(|(number, _)| *number).collect();
        for number in unread {
            self.client.stop_asking(number);
            if let Some(read) = self.reads.remove(&number) {
                self.sum.take(Sum::of(read.operation.len()));
                given_up.push(read.caller);
            }
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
            let lent = matches!(self.submits.get(&name), Some(UnderWay::Lent { .. }));
            let refusal = match refused {
                // Only this desk uses a session that it has lent: the reply is on its way.
                Refused::TooOld(_) | Refused::Taken if lent => continue,
                Refused::TooOld(last) => Refusal::Overtaken(last),
                other => refusal(timestamp, other),
            };
            names.insert(name);
            let gone = self.finish(name).map(UnderWay::into_callers);
            let gone = gone.into_iter().flatten();
            callers.extend(gone.map(|caller| (caller, refusal.clone())));
        }
        Ended { callers, names }
    }

    /// Stops waiting for a request, and returns those that waited for it.
    fn finish(&mut self, name: Name) -> Option<UnderWay<C>> {
        let under_way = self.submits.remove(&name)?;
        self.client.give_up(name.0, name.1);
        match &under_way {
            UnderWay::Named { bytes, .. } => self.sum.take(Sum::of(*bytes)),
            UnderWay::Lent { sum, .. } => {
                self.free.push(name);
                self.lanes -= 1;
                self.sum.take(*sum);
            }
        }
        Some(under_way)
    }

    /// The requests and queries to send again, because they have had no result for a while.
    pub(crate) fn overdue(&mut self) -> (Vec<Verified<Request>>, Vec<Query>) {
        self.client.overdue()
    }
}

impl<C> UnderWay<C> {
    /// Takes out the callers who have gone. Returns whether nobody is left.
    fn give_up(&mut self, mut gone: impl FnMut(&C) -> bool, given_up: &mut Vec<C>) -> bool {
        match self {
            Self::Named { callers, .. } => {
                given_up.extend(callers.extract_if(.., |caller| gone(caller)));
                callers.is_empty()
            }
            Self::Lent { callers, .. } => {
                let leave = |caller: &mut Option<C>| caller.take_if(|caller| gone(caller));
                given_up.extend(callers.iter_mut().filter_map(leave));
                callers.iter().all(Option::is_none)
            }
        }
    }

    fn into_callers(self) -> Vec<C> {
        match self {
            Self::Named { callers, .. } => callers,
            Self::Lent { callers, .. } => callers.into_iter().flatten().collect(),
        }
    }
}

impl<C> Desk<C> {
    /// Whether replies or an answer to a query can give a result.
    pub(crate) fn waits_for(&self, message: &SignedMessage) -> bool {
        self.client.waits_for(message)
    }

    /// Handles replies, or an answer to a query.
    pub(crate) fn hear(&mut self, message: &VerifiedMessage) -> Returned<C> {
        let mut returned = Vec::new();
        match message {
            VerifiedMessage::Replies(replies) => {
                for reply in &replies.value().replies {
                    if let Some(one) = self.client.on_reply(replies.signer(), reply.clone()) {
                        self.take_result(&one, &mut returned);
                    }
                }
            }
            VerifiedMessage::Answer(answer) => {
                let (from, number) = (answer.signer(), answer.value().number);
                let read = self.client.on_answer(from, answer.value().clone());
                if let Some(read) = read
                    && let Some(asked) = self.reads.remove(&number)
                {
                    match read {
                        Read::Agreed(result) => {
                            self.sum.take(Sum::of(asked.operation.len()));
                            let ordered = None;
                            let answer = decode(Some(&result));
                            returned.push((asked.caller, Outcome { ordered, answer }));
                        }
                        // A write is under way, or a replica lies. Ordering decides.
                        Read::Divided => self.waiting.push_back(asked),
                    }
                }
            }
            _ => {}
        }
        returned
    }

    fn take_result(&mut self, accepted: &Accepted, returned: &mut Returned<C>) {
        let ordered = Some((accepted.sequence, accepted.view));
        let answer = decode(accepted.result.as_deref());
        match self.finish((accepted.client, accepted.timestamp)) {
            Some(UnderWay::Named { callers, .. }) => {
                let outcome = Outcome { ordered, answer };
                returned.extend(callers.into_iter().map(|caller| (caller, outcome.clone())));
            }
            Some(UnderWay::Lent {
                request, callers, ..
            }) => {
                let answers = answer.each(callers.len());
                let mut again = BTreeMap::new();
                for (place, (caller, answer)) in callers.into_iter().zip(answers).enumerate() {
                    let Some(caller) = caller else {
                        continue;
                    };
                    if answer == service::Answer::NoRoom {
                        again.insert(place, caller);
                    } else {
                        returned.push((caller, Outcome { ordered, answer }));
                    }
                }
                self.wait_again(&request, again);
            }
            None => {}
        }
    }

    /// The operations in these places of a request have not executed, because others left no room for their answers. They go
    /// before all others.
    fn wait_again(&mut self, request: &Verified<Request>, mut again: BTreeMap<usize, C>) {
        if again.is_empty() {
            return;
        }
        let operations = Operation::parts(&request.value().operation).into_iter();
        for (place, operation) in operations.enumerate().rev() {
            if let Some(caller) = again.remove(&place) {
                self.sum.add(Sum::of(operation.len()));
                self.waiting.push_front(Asked {
                    operation,
                    alone: place == 0,
                    caller,
                });
            }
        }
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

/// The answer in a result. `None` as result: it is forgotten.
fn decode(result: Option<&[u8]>) -> service::Answer {
    let decode = |result| service::Answer::decode(result).unwrap_or(service::Answer::Unreadable);
    result.map_or(service::Answer::Forgotten, decode)
}
