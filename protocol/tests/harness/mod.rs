//! A cluster under virtual time. Each replica has its own keys, and the test decides what the network does. The host's
//! core performs the effects of a replica; a recorder shows them to the test.
//!
//! * `node`: one process. `log`: its service. `perform`: gives it inputs and takes what it does.
//! * `clock`: the network and the timers. `sign`: messages that no replica has said. `outside`: what can be seen.

#![allow(
    dead_code,
    unused_imports,
    reason = "each test binary uses only a part of this module"
)]

mod clock;
mod log;
#[cfg(feature = "mutants")]
pub(crate) mod mutant;
mod node;
mod outside;
mod perform;
mod sign;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use quorate_protocol::message::Request;
use quorate_protocol::{
    ClusterId, Config, Duration, Keys, Quorum, ReplicaId, Sequence, SignedMessage, Time, Timer,
};

use node::Node;

pub(crate) use outside::{accusations, broadcasts, convicts, persisted, rejects, slots};
pub(crate) use sign::key_of;

/// K in these clusters, unless a test sets another.
pub(crate) const K: u64 = 4;
/// L in these clusters, unless a test sets another.
pub(crate) const L: u64 = 8;
/// T.
pub(crate) const VIEW_TIMEOUT: Duration = Duration::from_millis(500);
/// How often replicas send their standing.
pub(crate) const STATUS_INTERVAL: Duration = Duration::from_millis(250);

const TIMERS: [Timer; 2] = [Timer::View, Timer::Status];

/// A message under way.
#[derive(Clone, Debug)]
pub(crate) struct Parcel {
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) message: SignedMessage,
}

/// What the network does with a parcel.
pub(crate) enum Fate {
    Deliver,
    Hold,
    Drop,
}

/// The cluster and its network.
pub(crate) struct Network {
    now: Time,
    nodes: Vec<Node>,
    queue: VecDeque<Parcel>,
    held: Vec<Parcel>,
    cuts: BTreeSet<(u32, u32)>,
    rule: Box<dyn Fn(&Parcel) -> Fate>,
    /// The requests that the first replica to execute each slot executed there.
    agreed: BTreeMap<Sequence, Vec<Request>>,
    /// Whether replicas may execute different batches, because more than f are faulty.
    beyond_the_bound: bool,
}

impl Network {
    pub(crate) fn new(n: u32) -> Self {
        Self::with(n, |_| {})
    }

    pub(crate) fn with(n: u32, adjust: impl Fn(&mut Config)) -> Self {
        Self::in_cluster(ClusterId([1; 32]), n, adjust)
    }

    pub(crate) fn in_cluster(cluster: ClusterId, n: u32, adjust: impl Fn(&mut Config)) -> Self {
        let quorum = Quorum::of(n.try_into().expect("there are replicas"));
        let secrets: Vec<[u8; 32]> = (0..n)
            .map(|i| [u8::try_from(i + 1).expect("few replicas"); 32])
            .collect();
        let public: Vec<_> = secrets.iter().map(Keys::public_key).collect();
        let node = |(i, secret): (u32, &[u8; 32])| {
            let mut config = Config::new(ReplicaId(i), quorum);
            config.checkpoint_interval = K;
            config.window = L;
            config.view_timeout = VIEW_TIMEOUT;
            config.status_interval = STATUS_INTERVAL;
            adjust(&mut config);
            let keys = Keys::new(ReplicaId(i), *secret, &public, cluster);
            let keys = keys.expect("the keys are good");
            #[cfg(feature = "mutants")]
            let keys = mutant::put_into(&mut config, keys);
            Node::new(config, keys)
        };
        let nodes = (0..).zip(&secrets).map(node).collect();
        let mut network = Self {
            now: Time(0),
            nodes,
            queue: VecDeque::new(),
            held: Vec::new(),
            cuts: BTreeSet::new(),
            rule: Box::new(|_| Fate::Deliver),
            agreed: BTreeMap::new(),
            beyond_the_bound: false,
        };
        for i in 0..n {
            network.turn(i);
        }
        network
    }

    pub(crate) fn n(&self) -> u32 {
        u32::try_from(self.nodes.len()).expect("few replicas")
    }

    pub(crate) const fn now(&self) -> Time {
        self.now
    }

    fn node(&self, i: u32) -> &Node {
        &self.nodes[i as usize]
    }

    fn node_mut(&mut self, i: u32) -> &mut Node {
        &mut self.nodes[i as usize]
    }
}

/// Whether this is a message of the normal case, in any view.
pub(crate) const fn is_normal(message: &SignedMessage) -> bool {
    matches!(
        message,
        SignedMessage::PrePrepare { .. } | SignedMessage::Prepare(_) | SignedMessage::Commit(_)
    )
}
