//! Serves outside clients, as a live process does. The cluster orders their operations; a client gets its answer once a
//! quorum of replicas gives the same result.

use std::collections::BTreeMap;

use quorate_protocol::client::{Accepted, Client, Read};
use quorate_protocol::message::Request;
use quorate_protocol::{ClientId, Config, Input, Time, Timestamp, VerifiedMessage};
use quorate_service::{Answer, Operation, kv};

use super::{Deed, Process};

/// The open calls of outside clients.
#[derive(Debug)]
pub(super) struct Desk {
    client: Client,
    /// The calls whose operations are being ordered.
    submits: BTreeMap<(ClientId, Timestamp), usize>,
    /// The read-only calls that are not ordered, by the number of the question, with what they read.
    reads: BTreeMap<u64, (usize, String)>,
    /// Client names without an open call, each with its last timestamp.
    free: Vec<(ClientId, Timestamp)>,
    names: u64,
}

impl Desk {
    pub(super) fn new(config: &Config, last_query: u64) -> Self {
        let client = Client::new(config.quorum, last_query);
        #[cfg(feature = "mutants")]
        let client = client.with_mutant(config.mutant);
        Self {
            client,
            submits: BTreeMap::new(),
            reads: BTreeMap::new(),
            free: Vec::new(),
            names: 0,
        }
    }

    /// A call that has not returned, in words.
    pub(super) fn waits_for(&self) -> Option<String> {
        let submitted = self.submits.values().copied();
        let read = self.reads.values().map(|(call, _)| *call);
        let call = submitted.chain(read).min()?;
        Some(format!("call {} of the clients outside", call + 1))
    }
}

impl Process {
    /// A client calls. `read KEY` is read-only and not ordered; every other operation is ordered.
    pub(crate) fn call(&mut self, now: Time, call: usize, operation: &str) -> Vec<Deed> {
        self.deeds.push(Deed::Called(call));
        match operation.strip_prefix("read ") {
            Some(key) => {
                let operation = format!("get {key}");
                let asked = Operation::KeyValue(operation.clone()).encode();
                let query = self.desk.client.ask(asked);
                self.desk.reads.insert(query.number, (call, operation));
                self.inputs.push_back(Input::Ask(query));
            }
            None => self.put_before_all(call, operation),
        }
        self.settle(now)
    }

    fn put_before_all(&mut self, call: usize, operation: &str) {
        let (client, last) = self.desk.free.pop().unwrap_or_else(|| {
            self.desk.names += 1;
            // A process that has started again must not use the names of its earlier life.
            let number = self.started.saturating_add(self.desk.names);
            (ClientId::session(self.own, number), Timestamp(0))
        });
        let timestamp = Timestamp(last.0 + 1);
        let request = self.keys.sign(Request::new(
            client,
            timestamp,
            Operation::KeyValue(operation.to_owned()).encode(),
        ));
        self.deeds.push(Deed::Ask(request.value().clone()));
        self.desk.client.wait_for(request.clone());
        self.desk.submits.insert((client, timestamp), call);
        self.inputs.push_back(Input::Submit(request));
    }

    /// A reply, or the answer to a question, has come.
    pub(super) fn hear(&mut self, message: VerifiedMessage) {
        match message {
            VerifiedMessage::Replies(replies) => {
                for reply in &replies.value().replies {
                    let accepted = self.desk.client.on_reply(replies.signer(), reply.clone());
                    if let Some(accepted) = accepted {
                        self.take_result(&accepted);
                    }
                }
            }
            VerifiedMessage::Answer(answer) => {
                let (from, number) = (answer.signer(), answer.value().number);
                let read = self.desk.client.on_answer(from, answer.value().clone());
                if let Some(read) = read
                    && let Some((call, operation)) = self.desk.reads.remove(&number)
                {
                    match read {
                        Read::Agreed(result) => self.give_back(call, &result),
                        Read::Divided => self.put_before_all(call, &operation),
                    }
                }
            }
            _ => {}
        }
    }

    fn take_result(&mut self, accepted: &Accepted) {
        let (client, timestamp) = (accepted.client, accepted.timestamp);
        if let Some(call) = self.desk.submits.remove(&(client, timestamp)) {
            self.desk.free.push((client, timestamp));
            self.give_back(call, &accepted.result);
        }
    }

    fn give_back(&mut self, call: usize, result: &[u8]) {
        let answer = match Answer::decode(result) {
            Some(Answer::KeyValue(answer)) => answer,
            _ => kv::Answer::Refused(kv::Refusal::Grammar),
        };
        self.deeds.push(Deed::Returned(call, answer));
    }

    /// Sends again the requests that have had no result for a while.
    pub(super) fn ask_again(&mut self) {
        let (requests, queries) = self.desk.client.overdue();
        self.inputs.extend(requests.into_iter().map(Input::Submit));
        self.inputs.extend(queries.into_iter().map(Input::Ask));
    }
}
