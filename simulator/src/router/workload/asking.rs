//! Clients that ask one thing after another: who is busy with what, and since when.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Cluster, Options, Progress};
use crate::router::calls::Calls;
use crate::router::message::{Body, kind};

/// A request that is under way.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    client: usize,
    id: u64,
    sent: Duration,
    what: String,
}

/// The clients of a workload in which each request has one answer.
#[derive(Debug)]
pub(super) struct Asking {
    options: Options,
    started: u64,
    done: u64,
    busy: Vec<bool>,
    /// The request of each node and message id.
    open: BTreeMap<(String, u64), Asked>,
}

impl Asking {
    pub(super) fn new(options: Options) -> Self {
        let clients = usize::try_from(options.clients).unwrap_or(1).max(1);
        Self {
            options,
            started: 0,
            done: 0,
            busy: vec![false; clients],
            open: BTreeMap::new(),
        }
    }

    /// A client that has nothing to do while there is something left, with the number of the next request.
    pub(super) fn idle(&self) -> Option<(usize, u64)> {
        let left = self.started < self.options.requests;
        let idle = self.busy.iter().position(|busy| !busy);
        idle.filter(|_| left).map(|client| (client, self.started))
    }

    /// Sends a client's request; its number.
    pub(super) fn ask(
        &mut self,
        client: usize,
        node: &str,
        body: Body,
        now: Duration,
        calls: &mut Calls,
    ) -> u64 {
        let id = calls.id();
        let asked = Asked {
            client,
            id,
            sent: now,
            what: kind(&body).to_owned(),
        };
        self.busy[client] = true;
        self.started += 1;
        self.open.insert((node.to_owned(), id), asked);
        calls.call(&format!("c{}", client + 1), node, id, body);
        id
    }

    /// A request was answered.
    pub(super) fn answered(&mut self, node: &str, id: u64) {
        if let Some(asked) = self.open.remove(&(node.to_owned(), id)) {
            self.busy[asked.client] = false;
            self.done += 1;
        }
    }

    fn deadline(&self, asked: &Asked) -> Duration {
        asked.sent.max(self.options.calm) + self.options.timeout
    }

    /// When a request is late.
    pub(super) fn next(&self) -> Option<Duration> {
        self.open.values().map(|asked| self.deadline(asked)).min()
    }

    /// Whether all is answered, or something never will be.
    pub(super) fn is_over(&self, now: Duration) -> bool {
        self.done == self.options.requests || self.next().is_some_and(|deadline| now >= deadline)
    }

    pub(super) fn progress(&self) -> Progress {
        let missing = self.open.iter().map(|((node, _), asked)| {
            let Asked {
                client, id, what, ..
            } = asked;
            format!(
                "{node} has not answered {what} of c{} with msg_id {id}",
                client + 1
            )
        });
        Progress {
            requests: self.options.requests,
            done: self.done,
            missing: missing.collect(),
        }
    }
}

/// The nodes that requests go to: those from which answers can be demanded, if there are any.
pub(super) fn servers(cluster: &Cluster) -> Vec<String> {
    let correct: Vec<String> = cluster.correct().cloned().collect();
    if correct.is_empty() {
        cluster.names.clone()
    } else {
        correct
    }
}
