//! PBFT requests: clients have operations ordered. The workload asks every node for the status of each operation until all nodes
//! have executed it.

mod answers;
mod request;
mod slots;
mod status;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::json;

use self::request::Request;
use self::slots::Slots;
use self::status::Contents;
use super::{Cluster, Judges, Options, Progress, Workload, object};
use crate::calls::{Answered, Calls};
use quorate_fault::Dice;

/// How long after an answer a node is asked again how far a request is.
const POLL: Duration = Duration::from_millis(50);
/// After which time a client that has no answer asks all nodes; thrice this if it has no result.
const RETRY: Duration = Duration::from_secs(1);
/// The purpose of a call.
#[derive(Clone, Copy, Debug)]
enum Purpose {
    /// To have this request ordered.
    Order(usize),
    /// To learn its status, in this slot. Keeps the last slot that the node had executed when it was asked.
    Status(usize, u64, Option<u64>),
}

/// The workload.
#[derive(Debug)]
pub(super) struct Pbft {
    cluster: Cluster,
    options: Options,
    operations: Dice,
    /// Each client's request in progress, by its index.
    busy: Vec<Option<usize>>,
    requests: Vec<Request>,
    purposes: BTreeMap<(String, u64), Purpose>,
    /// The latest view that a node has reported.
    view: u64,
    /// When the workload was woken last.
    now: Duration,
    slots: Slots,
    contents: Contents,
    /// Whether a node has reported which operation it executed.
    tells_operations: bool,
    /// The last slot that each node has executed.
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
            now: Duration::ZERO,
            slots: Slots::new(options.batches, options.retransmits),
            contents: Contents::default(),
            tells_operations: false,
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
        let primary = self.cluster.names[self.place_of_primary(self.view)].clone();
        self.order(self.requests.len() - 1, &primary, calls);
    }

    /// Asks a node to have a request ordered.
    fn order(&mut self, index: usize, node: &str, calls: &mut Calls) {
        let request = &mut self.requests[index];
        request.asked.insert(node.to_owned());
        request.answered.remove(node);
        let purpose = Purpose::Order(index);
        self.purposes.insert((node.to_owned(), request.id), purpose);
        let body = json!({
            "type": "pbft_request", "operation": request.operation, "client": request.client
        });
        calls.call(&request.client, node, request.id, object(body));
    }

    /// Sends the questions that are due.
    fn ask(&mut self, index: usize, now: Duration, calls: &mut Calls) {
        let request = &self.requests[index];
        let mut orders: BTreeSet<String> = BTreeSet::new();
        if self.retries_at(request).is_some_and(|at| now >= at) {
            let names = self.cluster.names.iter();
            orders.extend(names.filter(|name| request.may_be_asked(name)).cloned());
            self.requests[index].tried = now;
        }
        let request = &self.requests[index];
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
            poll.asked = now;
            let id = calls.id();
            let body = json!({"type": "pbft_status", "sequence_number": slot.sequence});
            calls.call(&request.client, &node, id, object(body));
            let before = self.executed.get(&node).copied();
            let purpose = Purpose::Status(index, slot.sequence, before);
            self.purposes.insert((node, id), purpose);
        }
    }

    /// When the client asks all nodes, again if they have answered, as clients of PBFT do that have no result in time. A place
    /// is no result: the primary that gave it may fail, and the next one give it to another request.
    fn retries_at(&self, request: &Request) -> Option<Duration> {
        let has_result = request.executed_at() >= self.cluster.quorum.one_correct();
        let mut names = self.cluster.names.iter();
        if has_result || !names.any(|name| request.may_be_asked(name)) {
            return None;
        }
        Some(match request.slot {
            None if request.tried == request.sent => request.sent + self.retry(),
            _ => request.tried + self.retry() * 3,
        })
    }

    /// Whether nodes must agree. More than f liars may make them decide anything.
    fn must_agree(&self) -> bool {
        self.cluster.liars.len() <= self.cluster.quorum.f() as usize
    }

    /// Whether a liar may tell each node something else in this view; what is not committed then means nothing.
    fn led_by_liar(&self, view: u64) -> bool {
        let primary = self.cluster.names.get(self.place_of_primary(view));
        primary.is_none_or(|name| self.cluster.liars.contains(name))
    }

    fn place_of_primary(&self, view: u64) -> usize {
        usize::try_from(view % self.cluster.names.len() as u64).unwrap_or_default()
    }

    fn retry(&self) -> Duration {
        RETRY.min(self.options.timeout / 4)
    }
}

impl Workload for Pbft {
    fn wake(&mut self, now: Duration, calls: &mut Calls) {
        self.now = now;
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

    fn judges(&self) -> Judges {
        Judges {
            agreement: true,
            validity: self.tells_operations,
        }
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
                .flat_map(|request| request.missing(&self.cluster, self.now))
                .collect(),
        }
    }
}
