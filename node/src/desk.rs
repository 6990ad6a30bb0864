//! Serves clients outside the cluster. This process orders their operations on the store, and answers once a quorum of
//! replicas has given the same result.

use std::collections::BTreeMap;

use quorate_protocol::client::{Accepted, Client, Read};
use quorate_protocol::message::Request;
use quorate_protocol::{ClientId, Input, Quorum, ReplicaId, Timestamp, VerifiedMessage};
use quorate_service::{Answer, Operation, kv};
use quorate_wire::Fault;
use quorate_wire::method::{RequestName, Submitted};

use crate::question::Reply;
use crate::runtime::Runtime;

/// The most operations and reads of clients that may be under way at once.
const UNDER_WAY: usize = 4096;

/// The clients' operations that are under way.
#[derive(Debug)]
pub(crate) struct Desk {
    own: ReplicaId,
    life: u64,
    client: Client,
    submits: BTreeMap<(ClientId, Timestamp), Waiting>,
    reads: BTreeMap<u64, (String, Reply<String>)>,
    /// Free client names for callers without a name, each with its last timestamp.
    free: Vec<(ClientId, Timestamp)>,
    names: u64,
}

/// The callers that wait for the result of an operation.
#[derive(Debug)]
enum Waiting {
    /// Calls of `submit`. `lent` is true if the client's name is one of the desk's own.
    Submit {
        lent: bool,
        answers: Vec<Reply<Submitted>>,
    },
    /// A call of `read` that had to be ordered, under one of the desk's own names.
    Read(Reply<String>),
}

impl Waiting {
    fn nobody_waits(&self) -> bool {
        match self {
            Self::Submit { answers, .. } => answers.iter().all(Reply::is_closed),
            Self::Read(answer) => answer.is_closed(),
        }
    }

    const fn is_lent(&self) -> bool {
        match self {
            Self::Submit { lent, .. } => *lent,
            Self::Read(_) => true,
        }
    }
}

impl Desk {
    /// `life` must grow with each start, because the others may remember an earlier life.
    pub(crate) const fn new(own: ReplicaId, quorum: Quorum, life: u64) -> Self {
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

    /// A client name with nothing under way, and its next timestamp.
    pub(crate) fn lend_name(&mut self) -> (ClientId, Timestamp) {
        let (client, last) = self.free.pop().unwrap_or_else(|| {
            self.names += 1;
            let number = self.life.saturating_add(self.names);
            (ClientId::session(self.own, number), Timestamp(0))
        });
        (client, Timestamp(last.0 + 1))
    }

    /// Takes a lent name back, with its last timestamp. Nothing of it may be under way.
    pub(crate) fn take_back(&mut self, name: (ClientId, Timestamp)) {
        self.free.push(name);
    }

    /// Stops waiting for a request, and returns those that waited for it.
    fn finish(&mut self, client: ClientId, timestamp: Timestamp) -> Option<Waiting> {
        let waiting = self.submits.remove(&(client, timestamp))?;
        self.client.give_up(client, timestamp);
        if waiting.is_lent() {
            self.free.push((client, timestamp));
        }
        Some(waiting)
    }

    fn is_full(&self) -> bool {
        self.submits.len() + self.reads.len() >= UNDER_WAY
    }
}

impl Runtime {
    pub(crate) fn submit(
        &mut self,
        operation: &str,
        request: Option<RequestName>,
        answer: Reply<Submitted>,
    ) {
        match self.admit(operation, request) {
            Ok((client, timestamp, lent)) => {
                let answers = vec![answer];
                self.put_before_all(
                    client,
                    timestamp,
                    operation,
                    Waiting::Submit { lent, answers },
                );
            }
            Err(refusal) => drop(answer.send(Err(refusal))),
        }
    }

    /// The client name and timestamp for an operation, and whether the name is one of the desk's own.
    fn admit(
        &mut self,
        operation: &str,
        request: Option<RequestName>,
    ) -> Result<(ClientId, Timestamp, bool), Fault> {
        kv::Command::parse(operation)
            .map_err(|refusal| Fault::new(Fault::BAD_OPERATION, refusal.to_string()))?;
        if self.desk.is_full() {
            return Err(Fault::overloaded(format!(
                "{UNDER_WAY} operations are under way here; try again later"
            )));
        }
        let Some(RequestName { client, timestamp }) = request else {
            let (client, timestamp) = self.desk.lend_name();
            return Ok((client, timestamp, true));
        };
        let (id, timestamp) = (ClientId::named(self.own, &client), Timestamp(timestamp));
        let last = self.replica.replica().last_timestamp(id);
        if last > timestamp {
            return Err(Fault::new(
                Fault::TIMESTAMP_TOO_OLD,
                format!(
                    "'{client}' has asked with timestamp {} already; use a greater one",
                    last.0
                ),
            ));
        }
        let another = self
            .desk
            .submits
            .range((id, Timestamp(0))..=(id, Timestamp(u64::MAX)))
            .any(|((_, other), _)| *other != timestamp);
        if another {
            return Err(Fault::overloaded(format!(
                "'{client}' has an operation under way; a client has one at a time"
            )));
        }
        Ok((id, timestamp, false))
    }

    fn put_before_all(
        &mut self,
        client: ClientId,
        timestamp: Timestamp,
        operation: &str,
        waiting: Waiting,
    ) {
        if let Some(Waiting::Submit { answers, .. }) =
            self.desk.submits.get_mut(&(client, timestamp))
            && let Waiting::Submit { answers: more, .. } = waiting
        {
            // The caller has repeated the same request. Both calls get its result.
            return answers.extend(more);
        }
        let request = self.keys.sign(Request::new(
            client,
            timestamp,
            Operation::KeyValue(operation.to_owned()).encode(),
        ));
        self.desk.client.wait_for(request.clone());
        self.desk.submits.insert((client, timestamp), waiting);
        self.inputs.push_back(Input::Submit(request));
    }

    pub(crate) fn read(&mut self, key: &str, answer: Reply<String>) {
        let operation = format!("get {key}");
        if let Err(refusal) = kv::Command::parse(&operation) {
            let _ = answer.send(Err(Fault::new(Fault::BAD_OPERATION, refusal.to_string())));
        } else if self.desk.is_full() {
            let _ = answer.send(Err(Fault::overloaded(format!(
                "{UNDER_WAY} operations are under way here; try again later"
            ))));
        } else {
            let query = self
                .desk
                .client
                .ask(Operation::KeyValue(operation.clone()).encode());
            self.desk.reads.insert(query.number, (operation, answer));
            self.inputs.push_back(Input::Ask(query));
        }
    }

    /// Handles a reply, or an answer to a query.
    pub(crate) fn on_heard(&mut self, message: VerifiedMessage) {
        match message {
            VerifiedMessage::Replies(replies) => {
                for reply in &replies.value().replies {
                    let accepted = self.desk.client.on_reply(replies.signer(), reply.clone());
                    if let Some(accepted) = accepted {
                        self.on_accepted(&accepted);
                    }
                }
            }
            VerifiedMessage::Answer(answer) => {
                let number = answer.value().number;
                let read = self
                    .desk
                    .client
                    .on_answer(answer.signer(), answer.value().clone());
                if let Some(read) = read {
                    self.on_read(number, read);
                }
            }
            other => tracing::warn!(?other, "no answer to a client"),
        }
    }

    fn on_accepted(&mut self, accepted: &Accepted) {
        let Some(waiting) = self.desk.finish(accepted.client, accepted.timestamp) else {
            return;
        };
        match waiting {
            Waiting::Submit { answers, .. } => {
                for answer in answers {
                    let _ = answer.send(Ok(Submitted {
                        sequence_number: accepted.sequence.0,
                        view: accepted.view.0,
                        done: is_done(&accepted.result),
                        result: text_of(&accepted.result),
                    }));
                }
            }
            Waiting::Read(answer) => drop(answer.send(value_of(&accepted.result))),
        }
    }

    fn on_read(&mut self, number: u64, read: Read) {
        let Some((operation, answer)) = self.desk.reads.remove(&number) else {
            return;
        };
        match read {
            Read::Agreed(result) => drop(answer.send(value_of(&result))),
            Read::Divided => {
                // A write is under way, or a replica lies. Ordering decides (rule 20).
                let (client, timestamp) = self.desk.lend_name();
                self.put_before_all(client, timestamp, &operation, Waiting::Read(answer));
            }
        }
    }

    /// Sends again what has had no result for a while, and drops operations whose callers have gone.
    pub(crate) fn ask_again(&mut self) {
        let abandoned: Vec<_> = self
            .desk
            .submits
            .iter()
            .filter(|(_, waiting)| waiting.nobody_waits())
            .map(|(request, _)| *request)
            .collect();
        for (client, timestamp) in abandoned {
            self.desk.finish(client, timestamp);
        }
        let unread: Vec<_> = self
            .desk
            .reads
            .iter()
            .filter(|(_, (_, answer))| answer.is_closed())
            .map(|(number, _)| *number)
            .collect();
        for number in unread {
            self.desk.reads.remove(&number);
            self.desk.client.stop_asking(number);
        }
        let (requests, queries) = self.desk.client.overdue();
        self.inputs.extend(requests.into_iter().map(Input::Submit));
        self.inputs.extend(queries.into_iter().map(Input::Ask));
    }
}

fn is_done(result: &[u8]) -> bool {
    matches!(Answer::decode(result), Some(Answer::KeyValue(answer)) if answer.is_done())
}

fn text_of(result: &[u8]) -> String {
    Answer::decode(result).map_or_else(
        || "an answer that cannot be read".to_owned(),
        |answer| answer.to_string(),
    )
}

fn value_of(result: &[u8]) -> Result<String, Fault> {
    match Answer::decode(result) {
        Some(Answer::KeyValue(kv::Answer::Value(value))) => Ok(value),
        Some(Answer::KeyValue(kv::Answer::NoSuchKey)) => Err(Fault::new(
            Fault::NO_SUCH_KEY,
            "no such key: nobody has set it, or it was deleted",
        )),
        _ => Err(Fault::new(Fault::BAD_OPERATION, text_of(result))),
    }
}
