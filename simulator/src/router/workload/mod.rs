//! What clients ask of the nodes, and what is checked of their answers: one file each.

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

/// What a workload must know of the nodes.
#[derive(Clone, Debug)]
pub(super) struct Cluster {
    /// Their names.
    pub(super) names: Vec<String>,
    /// The arithmetic of their number.
    pub(super) quorum: Quorum,
    /// Those of which nothing is heard.
    pub(super) silent: BTreeSet<String>,
    /// Those whose messages are tampered with.
    pub(super) liars: BTreeSet<String>,
}

impl Cluster {
    /// The nodes that must do as they should.
    pub(super) fn correct(&self) -> impl Iterator<Item = &String> {
        let faulty = |name: &&String| self.silent.contains(*name) || self.liars.contains(*name);
        self.names.iter().filter(move |name| !faulty(name))
    }
}

/// How far a workload came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// How many requests were to be done.
    pub requests: u64,
    /// How many of them are done.
    pub done: u64,
    /// What was not reached, node by node; empty if all was.
    pub missing: Vec<String>,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} requests", self.done, self.requests)
    }
}

/// What a workload can say of the nodes' decisions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Judges {
    /// Whether it compares what the nodes decided.
    pub(super) agreement: bool,
    /// Whether it compares that with what clients had asked for.
    pub(super) validity: bool,
}

/// What clients do. Times are counted from when all nodes are initialised.
pub(super) trait Workload {
    /// Sends what is to be sent by now.
    fn wake(&mut self, now: Duration, calls: &mut Calls);
    /// When it wants to be woken next, at the latest.
    fn next(&self) -> Option<Duration>;
    /// A node answers.
    fn answered(&mut self, now: Duration, answered: Answered, calls: &mut Calls);
    /// Whether there is nothing more to be done or to be waited for.
    fn is_over(&self, now: Duration) -> bool;
    /// What it says of the nodes' decisions.
    fn judges(&self) -> Judges {
        Judges::default()
    }
    /// How far it came.
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

/// How a workload is done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    /// How many requests.
    pub(super) requests: u64,
    /// How many clients, each with one request under way.
    pub(super) clients: u64,
    /// How long a request may take.
    pub(super) timeout: Duration,
    /// Until when the network may keep nodes from finishing; the timeout counts from here at the earliest.
    pub(super) calm: Duration,
    /// Whether a node may take over what others have committed.
    pub(super) state_transfer: bool,
    /// Whether a request that is executed is sent to the other nodes too, which must know it.
    pub(super) retransmits: bool,
    /// Whether a slot may have several requests.
    pub(super) batches: bool,
    /// What the requests come from.
    pub(super) seed: u64,
}

/// The workload with which every run begins: every node is told its name and those of all.
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
