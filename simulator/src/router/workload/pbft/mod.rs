//! PBFT requests: clients have operations ordered, and every node is asked how far each is until all have executed it.

mod answers;
mod request;
mod slots;
mod status;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use self::request::Request;
use self::slots::Slots;
use self::status::Contents;
use super::{Cluster, Options, Progress, Workload, object};
use crate::router::calls::{Answered, Calls};
use quorate_fault::Dice;

/// How long after an answer a node is asked again how far a request is.
const POLL: Duration = Duration::from_millis(50);
/// After which time a client that has no answer asks all nodes; thrice this if it has no result.
const RETRY: Duration = Duration::from_secs(1);
/// What a call was for.
#[derive(Clone, Copy, Debug)]
enum Purpose {
    /// To have this request ordered.
    Order(usize),
    /// To know how far it is, in this slot. The last number that the node had executed when it was asked is kept.
    Status(usize, u64, Option<u64>),
}

/// The workload.
#[derive(Debug)]
pub(super) struct Pbft {
    cluster: Cluster,
    options: Options,
    operations: Dice,
    /// Each client's request under way, by its place.
    busy: Vec<Option<usize>>,
    requests: Vec<Request>,
    purposes: BTreeMap<(String, u64), Purpose>,
    view: u64,
    slots: Slots,
    contents: Contents,
    /// The last number that each node has executed.
    executed: BTreeMap<String, u64>,
}

impl Pbft {
    /// Requests for these nodes.
    pub(super) fn new(cluster: Cluster, options: Options) -> Self {
        let clients = usize::try_from(options.clients).unwrap_or(1).max(1);
        Self {
            cluster,
            operations: Dice::new(options.seed, b'o'),
            options,
            busy: vec![None; clients],
            requests: Vec::new(),
            purposes: BTreeMap::new(),
            view: 0,
            slots: Slots::new(options.batches, options.retransmits),
            contents: Contents::default(),
            executed: BTreeMap::new(),
        }
    }

    fn deadline(&self, request: &Request) -> Duration {
        request.sent.max(self.options.calm) + self.options.timeout
    }

    fn next_request(&mut self, client: usize, now: Duration, calls: &mut Calls) {
        let number = self.requests.len() as u64;
        if number >= self.options.requests {
            return;
        }
        // The first is the documents' example. No two are alike, so that a node may know a request by its operation.
        let key = match number {
            0 => "x",
            _ => self.operations.pick(&["x", "y", "z"]).unwrap_or(&"x"),
        };
        let operation = format!("set {key}={}", 42 + number);
        // Ids start with 2, as in the documents: the first belongs to init.
        let request = Request::new(format!("c{}", client + 1), calls.id(), operation, now);
        self.busy[client] = Some(self.requests.len());
        self.requests.push(request);
        let n = self.cluster.names.len() as u64;
        let primary = usize::try_from(self.view % n).unwrap_or_default();
        let primary = self.cluster.names[primary].clone();
        self.order(self.requests.len() - 1, &primary, calls);
    }

    /// Asks a node to have a request ordered.
    fn order(&mut self, index: usize, node: &str, calls: &mut Calls) {
        let request = &mut self.requests[index];
        request.asked.insert(node.to_owned());
        let purpose = Purpose::Order(index);
        self.purposes.insert((node.to_owned(), request.id), purpose);
        let body = json!({
            "type": "pbft_request", "operation": request.operation, "client": request.client
        });
        calls.call(&request.client, node, request.id, object(body));
    }

    /// Asks nodes what is to be asked by now.
    fn ask(&mut self, index: usize, now: Duration, calls: &mut Calls) {
        let request = &self.requests[index];
        let mut orders: Vec<String> = Vec::new();
        if self.retries_at(request).is_some_and(|at| now >= at) {
            let names = self.cluster.names.iter();
            orders.extend(names.filter(|name| !request.asked.contains(*name)).cloned());
        }
        if self.options.retransmits && request.is_executed(&self.cluster) {
            let names = self.cluster.correct();
            orders.extend(names.filter(|name| !request.asked.contains(*name)).cloned());
        }
        let again = request.again.iter().filter(|(_, at)| **at <= now);
        orders.extend(again.map(|(name, _)| name.clone()));
        for node in orders {
            self.requests[index].again.remove(&node);
            self.order(index, &node, calls);
        }
        let correct: Vec<String> = self.cluster.correct().cloned().collect();
        let request = &mut self.requests[index];
        let Some(slot) = request.slot else { return };
        for node in correct {
            let poll = request.polls.entry(node.clone()).or_default();
            if poll.under_way || poll.executed() || now < poll.due {
                continue;
            }
            poll.under_way = true;
            let id = calls.id();
            let body = json!({"type": "pbft_status", "sequence_number": slot.sequence});
            calls.call(&request.client, &node, id, object(body));
            let before = self.executed.get(&node).copied();
            let purpose = Purpose::Status(index, slot.sequence, before);
            self.purposes.insert((node, id), purpose);
        }
    }

    /// When the client asks all nodes, as clients of PBFT do that have no result in time. A place is no result: the primary
    /// that gave it may fail, and the next one give it to another request.
    fn retries_at(&self, request: &Request) -> Option<Duration> {
        let patience = match request.slot {
            None => self.retry(),
            Some(_) => self.retry() * 3,
        };
        let has_result = request.executed_at() >= self.cluster.quorum.one_correct();
        let asks = !has_result && request.asked.len() < self.cluster.names.len();
        asks.then(|| request.sent + patience)
    }

    fn retry(&self) -> Duration {
        RETRY.min(self.options.timeout / 4)
    }
}

impl Workload for Pbft {
    fn wake(&mut self, now: Duration, calls: &mut Calls) {
        for client in 0..self.busy.len() {
            let done = |index: usize| {
                self.requests[index].is_done(&self.cluster, self.options.retransmits)
            };
            if self.busy[client].is_none_or(done) {
                self.busy[client] = None;
                self.next_request(client, now, calls);
            }
            if let Some(index) = self.busy[client] {
                self.ask(index, now, calls);
            }
        }
    }

    fn next(&self) -> Option<Duration> {
        let open = self
            .busy
            .iter()
            .flatten()
            .map(|index| &self.requests[*index]);
        open.flat_map(|request| {
            let polls = request.polls.values();
            let polls = polls.filter(|poll| !poll.under_way && !poll.executed());
            polls
                .map(|poll| poll.due)
                .chain(request.again.values().copied())
                .chain(self.retries_at(request))
                .chain([self.deadline(request)])
        })
        .min()
    }

    fn answered(&mut self, now: Duration, answered: Answered, calls: &mut Calls) {
        let key = (answered.node.clone(), answered.id);
        match self.purposes.remove(&key) {
            Some(Purpose::Order(index)) => self.on_order(now, index, answered, calls),
            Some(Purpose::Status(index, sequence, before)) => {
                self.on_status(now, (index, sequence, before), answered, calls);
            }
            None => {}
        }
    }

    fn is_over(&self, now: Duration) -> bool {
        let busy = self
            .busy
            .iter()
            .flatten()
            .map(|index| &self.requests[*index]);
        let mut open = busy
            .filter(|request| !request.is_done(&self.cluster, self.options.retransmits))
            .peekable();
        let all_sent = self.requests.len() as u64 == self.options.requests;
        all_sent && open.peek().is_none() || open.any(|request| now >= self.deadline(request))
    }

    fn progress(&self) -> Progress {
        let (done, open): (Vec<_>, Vec<_>) = self
            .requests
            .iter()
            .partition(|request| request.is_done(&self.cluster, self.options.retransmits));
        Progress {
            requests: self.options.requests,
            done: done.len() as u64,
            missing: open
                .iter()
                .flat_map(|request| request.missing(&self.cluster))
                .collect(),
        }
    }
}
