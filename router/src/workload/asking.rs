//! Clients that send one request after another. Keeps the request in progress of each client, and its start.

use std::time::Duration;

use super::{Cluster, Options, Progress};
use crate::calls::Calls;
use crate::message::{Body, kind};

/// How long a client waits after an error. A node that is not ready yet, as before an election, must not be flooded with calls.
const PAUSE: Duration = Duration::from_millis(100);

/// A request of a client. The request is done when one of its calls is done.
#[derive(Clone, Debug)]
struct Turn {
    /// The number of the request.
    number: u64,
    /// When it was first sent.
    began: Duration,
    /// The call that waits for its answer.
    open: Option<Open>,
    /// When it is sent again, if no call waits.
    again: Duration,
    /// The last error.
    error: Option<String>,
}

#[derive(Clone, Debug)]
struct Open {
    node: String,
    id: u64,
    what: String,
}

/// A client.
#[derive(Clone, Debug, Default)]
struct Client {
    turn: Option<Turn>,
    /// The earliest time at which it sends the next request.
    rests: Duration,
}

/// The clients of a workload in which each call has one answer.
#[derive(Debug)]
pub(super) struct Asking {
    options: Options,
    started: u64,
    done: u64,
    clients: Vec<Client>,
}

impl Asking {
    pub(super) fn new(options: Options) -> Self {
        let clients = usize::try_from(options.clients).unwrap_or(1).max(1);
        Self {
            options,
            started: 0,
            done: 0,
            clients: vec![Client::default(); clients],
        }
    }

    /// A client that sends a request now, with the request's number. The request is new, or was refused for the moment.
    pub(super) fn idle(&self, now: Duration) -> Option<(usize, u64)> {
        let left = self.started < self.options.requests;
        self.clients.iter().enumerate().find_map(|(place, client)| {
            let number = match &client.turn {
                Some(turn) => (turn.open.is_none() && turn.again <= now).then_some(turn.number),
                None => (left && client.rests <= now).then_some(self.started),
            };
            number.map(|number| (place, number))
        })
    }

    /// Sends a client's request. Returns the id of the call.
    pub(super) fn ask(
        &mut self,
        client: usize,
        node: &str,
        body: Body,
        now: Duration,
        calls: &mut Calls,
    ) -> u64 {
        let id = calls.id();
        let number = self.started;
        let turn = self.clients[client].turn.get_or_insert(Turn {
            number,
            began: now,
            open: None,
            again: now,
            error: None,
        });
        self.started += u64::from(turn.number == number);
        turn.open = Some(Open {
            node: node.to_owned(),
            id,
            what: kind(&body).to_owned(),
        });
        calls.call(&format!("c{}", client + 1), node, id, body);
        id
    }

    /// A request is done.
    pub(super) fn answered(&mut self, node: &str, id: u64) {
        self.end(node, id, Duration::ZERO);
    }

    /// The outcome of a request is unknown, so nothing more can be done for it. The client waits before its next request.
    pub(super) fn left_open(&mut self, now: Duration, node: &str, id: u64) {
        self.end(node, id, now + PAUSE);
    }

    fn end(&mut self, node: &str, id: u64, rests: Duration) {
        if let Some(client) = self.client(node, id) {
            client.turn = None;
            client.rests = rests;
            self.done += 1;
        }
    }

    /// A request cannot be done at the moment. Its client sends it again later.
    pub(super) fn refused(&mut self, now: Duration, node: &str, id: u64, error: &str) {
        let turn = self.client(node, id).and_then(|one| one.turn.as_mut());
        if let Some(turn) = turn {
            turn.open = None;
            turn.again = now + PAUSE;
            turn.error = Some(format!("{node} answered with {error}"));
        }
    }

    /// The client whose call waits for this answer.
    fn client(&mut self, node: &str, id: u64) -> Option<&mut Client> {
        let waits = |client: &&mut Client| {
            let open = client.turn.as_ref().and_then(|turn| turn.open.as_ref());
            open.is_some_and(|open| open.node == node && open.id == id)
        };
        self.clients.iter_mut().find(waits)
    }

    fn turns(&self) -> impl Iterator<Item = (usize, &Turn)> {
        let clients = self.clients.iter().enumerate();
        clients.filter_map(|(place, client)| Some((place, client.turn.as_ref()?)))
    }

    fn deadline(&self, turn: &Turn) -> Duration {
        turn.began.max(self.options.calm) + self.options.timeout
    }

    /// The next time at which a request is late or a client sends again.
    pub(super) fn next(&self) -> Option<Duration> {
        let left = self.started < self.options.requests;
        let deadlines = self.turns().map(|(_, turn)| self.deadline(turn));
        let again = self.turns().filter(|(_, turn)| turn.open.is_none());
        let rested = self.clients.iter().filter(|client| client.turn.is_none());
        deadlines
            .chain(again.map(|(_, turn)| turn.again))
            .chain(rested.filter(|_| left).map(|client| client.rests))
            .min()
    }

    /// Whether all requests are answered, or one never will be.
    pub(super) fn is_over(&self, now: Duration) -> bool {
        let late = |(_, turn): (usize, &Turn)| now >= self.deadline(turn);
        self.done == self.options.requests || self.turns().any(late)
    }

    pub(super) fn progress(&self) -> Progress {
        let missing = self.turns().map(|(client, turn)| {
            let client = client + 1;
            match (&turn.open, &turn.error) {
                (Some(Open { node, id, what }), _) => {
                    format!("{node} has not answered {what} of c{client} with msg_id {id}")
                }
                (None, Some(error)) => {
                    format!("c{client} was refused for all that time: {error}")
                }
                (None, None) => format!("c{client} waits"),
            }
        });
        Progress {
            requests: self.options.requests,
            done: self.done,
            missing: missing.collect(),
        }
    }
}

/// The nodes that requests go to: those that must answer, if there are any.
pub(super) fn servers(cluster: &Cluster) -> Vec<String> {
    let correct: Vec<String> = cluster.correct().cloned().collect();
    if correct.is_empty() {
        cluster.names.clone()
    } else {
        correct
    }
}
