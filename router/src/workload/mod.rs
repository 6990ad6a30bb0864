//! The workloads: the requests of clients, and the checks of the nodes' answers. One file each.

mod asking;
mod codes;
mod echo;
mod init;
mod lin_kv;
mod pbft;

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use quorate_protocol::Quorum;

use super::calls::{Answered, Calls};
use super::message::Body;

use self::echo::Echo;
use self::init::Init;
use self::lin_kv::LinKv;
use self::pbft::Pbft;

/// The facts about the nodes that a workload needs.
#[derive(Clone, Debug)]
pub(super) struct Cluster {
    /// Their names.
    pub(super) names: Vec<String>,
    /// The quorum arithmetic of their number.
    pub(super) quorum: Quorum,
    /// The silent nodes.
    pub(super) silent: BTreeSet<String>,
    /// The nodes whose messages are tampered with.
    pub(super) liars: BTreeSet<String>,
}

impl Cluster {
    /// The correct nodes.
    pub(super) fn correct(&self) -> impl Iterator<Item = &String> {
        let faulty = |name: &&String| self.silent.contains(*name) || self.liars.contains(*name);
        self.names.iter().filter(move |name| !faulty(name))
    }
}

/// The progress of a workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// How many requests were to be done.
    pub requests: u64,
    /// How many of them are done.
    pub done: u64,
    /// What was not reached, node by node; empty if everything was reached.
    pub missing: Vec<String>,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} requests", self.done, self.requests)
    }
}

/// The facts about the nodes' decisions that a workload can judge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Judges {
    /// Whether it compares the decisions of the nodes with each other.
    pub(super) agreement: bool,
    /// Whether it compares the decisions with the requests of clients.
    pub(super) validity: bool,
}

/// The behaviour of the clients. Times are counted from the moment at which all nodes are initialised.
pub(super) trait Workload {
    /// Sends the messages that are due.
    fn wake(&mut self, now: Duration, calls: &mut Calls);
    /// When it wants to be woken next, at the latest.
    fn next(&self) -> Option<Duration>;
    /// A node answers.
    fn answered(&mut self, now: Duration, answered: Answered, calls: &mut Calls);
    /// Whether there is nothing more to be done or to be waited for.
    fn is_over(&self, now: Duration) -> bool;
    /// The facts about the nodes' decisions that it can judge.
    fn judges(&self) -> Judges {
        Judges::default()
    }
    /// Its progress.
    fn progress(&self) -> Progress;
}

/// What clients ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// `pbft_request` and `pbft_status`.
    Pbft,
    /// `read`, `write` and `cas` of a key-value store, which must be linearizable.
    LinKv,
    /// `echo`.
    Echo,
}

/// The settings of a workload.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    /// How many requests.
    pub(super) requests: u64,
    /// How many clients, each with one request in progress.
    pub(super) clients: u64,
    /// How long a request may take.
    pub(super) timeout: Duration,
    /// Until when the network may keep nodes from finishing; the timeout counts from here at the earliest.
    pub(super) calm: Duration,
    /// Whether a node may take over batches that others have committed.
    pub(super) state_transfer: bool,
    /// Whether an executed request is sent to the other nodes too, which must know it.
    pub(super) retransmits: bool,
    /// Whether a slot may have several requests.
    pub(super) batches: bool,
    /// The seed of the requests.
    pub(super) seed: u64,
}

/// The workload with which every run begins: every node learns its name and the names of all nodes.
pub(super) fn init(cluster: Cluster, timeout: Duration) -> Box<dyn Workload> {
    Box::new(Init::new(cluster, timeout))
}

/// A workload for these nodes.
pub(super) fn make(work: Work, cluster: Cluster, options: Options) -> Box<dyn Workload> {
    match work {
        Work::Pbft => Box::new(Pbft::new(cluster, options)),
        Work::LinKv => Box::new(LinKv::new(&cluster, options)),
        Work::Echo => Box::new(Echo::new(&cluster, options)),
    }
}

/// The fields of a JSON object.
fn object(value: serde_json::Value) -> Body {
    match value {
        serde_json::Value::Object(body) => body,
        _ => Body::new(),
    }
}
