//! What a node tells its user. Each event is one line of plain English with numbers.

use std::fmt;
use std::net::SocketAddr;

use quorate_protocol::{ClusterId, Digest, Duration, ReplicaId};

use crate::certificate::Certificate;
use crate::hints::Source;
use crate::id::{NodeId, PublicKey};
use crate::proof::Proof;
use crate::refusal::{BadAnswer, Refusal, seconds};
use crate::settings::{Entry, Group};

/// What a node tells its user.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the texts describe the variants")]
pub enum Event {
    Started {
        id: NodeId,
        address: SocketAddr,
        group: Group,
        entry: Entry,
        nodes: u32,
    },
    /// The group is open.
    OpenGroup,
    /// With fewer than 4 nodes no liar is survived.
    NoLiarSurvived {
        nodes: u32,
    },
    Met {
        id: NodeId,
        address: SocketAddr,
        source: Source,
        here: usize,
        nodes: u32,
    },
    Silent {
        id: NodeId,
        address: SocketAddr,
        silent: Duration,
        here: usize,
        nodes: u32,
    },
    /// This node refuses somebody.
    Refused {
        address: SocketAddr,
        id: Option<NodeId>,
        why: BadAnswer,
    },
    /// Somebody refuses this node.
    RefusedBy {
        address: SocketAddr,
        why: Refusal,
    },
    /// Another node answers at an address.
    Replaced {
        address: SocketAddr,
        before: NodeId,
        found: NodeId,
    },
    ShutOut {
        address: SocketAddr,
        id: Option<NodeId>,
        tries: u32,
        lasts: Duration,
    },
    Unanswered {
        address: SocketAddr,
        tries: u32,
        next: Duration,
    },
    Flood {
        dropped: u64,
    },
    /// Others can cause any number of lines.
    LeftOut {
        lines: u64,
    },
    /// Another process has this node's key.
    OwnKeyElsewhere {
        address: SocketAddr,
    },
    /// One invitation was used by two nodes.
    SeatTwice {
        one: NodeId,
        other: NodeId,
    },
    Waits(Waits),
    Proved(Box<Proof>),
    LiarSeated {
        id: NodeId,
        patience: Duration,
    },
    Founded(Box<Founded>),
    Watching {
        cluster: ClusterId,
        nodes: u32,
        members: Vec<NodeId>,
    },
    AnotherCluster {
        ours: ClusterId,
        theirs: ClusterId,
    },
    Moved {
        id: NodeId,
        addresses: Vec<SocketAddr>,
    },
}

/// Why a node waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waits {
    /// It has met too few nodes.
    Nodes {
        /// How many are here, this node included.
        here: usize,
        /// How many are needed.
        nodes: u32,
        /// How many were met that are proved to lie.
        liars: usize,
    },
    /// Too few members want one roster.
    Rosters {
        /// The roster that this node wants.
        cluster: ClusterId,
        /// The attempt.
        attempt: u64,
        /// How many want it in this attempt, this node included.
        equal: usize,
        /// How many are needed.
        quorum: usize,
        /// The members that do not want it, or are silent.
        without: Vec<NodeId>,
    },
    /// Too few members have said that they keep to the roster.
    Founds {
        /// The roster.
        cluster: ClusterId,
        /// How many keep to it in one attempt, this node included.
        equal: usize,
        /// How many are needed.
        quorum: usize,
        /// The members that have not said so.
        without: Vec<NodeId>,
    },
}

/// A founded cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Founded {
    /// The cluster's id: the roster's digest.
    pub cluster: ClusterId,
    /// The members in replica order: the first is P.
    pub members: Vec<Member>,
    /// This node's place.
    pub own: ReplicaId,
    /// A quorum of FOUNDs.
    pub certificate: Certificate,
    /// Whether the node knew it from before its start.
    pub restored: bool,
}

/// A member of a founded cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: NodeId,
    /// Its public key, with which it signs in the cluster too.
    pub key: PublicKey,
    /// Where it is reached.
    pub addresses: Vec<SocketAddr>,
}

impl Founded {
    /// The members' public keys in replica order, as [`quorate_protocol::Keys::new`] takes them.
    #[must_use]
    pub fn public_keys(&self) -> Vec<PublicKey> {
        self.members.iter().map(|member| member.key).collect()
    }
}

impl Event {
    /// The stage to which it belongs, as a line's first word.
    #[must_use]
    pub const fn stage(&self) -> &'static str {
        match self {
            Self::OpenGroup
            | Self::NoLiarSurvived { .. }
            | Self::OwnKeyElsewhere { .. }
            | Self::SeatTwice { .. }
            | Self::LiarSeated { .. } => "warning",
            Self::Proved(_) => "malicious",
            Self::Founded(_)
            | Self::Watching { .. }
            | Self::AnotherCluster { .. }
            | Self::Moved { .. }
            | Self::Waits(Waits::Rosters { .. } | Waits::Founds { .. }) => "found",
            _ => "discover",
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started {
                id,
                address,
                group,
                entry,
                nodes,
            } => write!(f, "{id} at {address}; group {group}, {entry}; 1 of {nodes} here"),
            Self::OpenGroup => f.write_str(
                "open group: whoever reaches this port can take a seat, and one person can take many",
            ),
            Self::NoLiarSurvived { nodes } => {
                write!(f, "a cluster of {nodes} nodes survives no liar: expect 4 or more")
            }
            Self::Met {
                id,
                address,
                source,
                here,
                nodes,
            } => write!(
                f,
                "found {id} at {address} ({source}, key checked); {here} of {nodes} here"
            ),
            Self::Silent {
                id,
                address,
                silent,
                here,
                nodes,
            } => write!(
                f,
                "{id} at {address} is silent for {}; {here} of {nodes} here",
                seconds(*silent)
            ),
            Self::Refused { address, id, why } => {
                write!(f, "refused {}: {why}", Named(*address, *id))
            }
            Self::RefusedBy { address, why } => {
                write!(f, "{address} refuses this node: {}", why.told_by_refused())
            }
            Self::Replaced {
                address,
                before,
                found,
            } => write!(f, "{found} answers at {address}, where {before} was before"),
            Self::ShutOut {
                address,
                id,
                tries,
                lasts,
            } => write!(
                f,
                "{}: {tries} refusals, bad answers or new keys, shut out for {}",
                Named(*address, *id),
                seconds(*lasts)
            ),
            Self::Unanswered {
                address,
                tries,
                next,
            } => write!(
                f,
                "nobody answers at {address}: called {tries} times, the next call is in {}",
                seconds(*next)
            ),
            Self::Flood { dropped } => {
                write!(f, "{dropped} packets were dropped: no packets, no answers, or more than a node takes")
            }
            Self::LeftOut { lines } => write!(
                f,
                "{lines} lines about nodes that came, went or were refused were left out: others cause too many"
            ),
            Self::OwnKeyElsewhere { address } => write!(
                f,
                "a process at {address} has this node's key: give each node a data directory of its own"
            ),
            Self::SeatTwice { one, other } => write!(
                f,
                "{one} and {other} have used the same invitation: an invitation is for one node"
            ),
            Self::Waits(waits) => waits.fmt(f),
            Self::Proved(proof) => proof.fmt(f),
            Self::LiarSeated { id, patience } => write!(
                f,
                "{id} is proved to lie and takes a seat all the same: nobody else came for {}",
                seconds(*patience)
            ),
            Self::Founded(founded) => founded.fmt(f),
            Self::Watching {
                cluster,
                nodes,
                members,
            } => write!(
                f,
                "too late for cluster {}: its {nodes} nodes are {}; this node watches",
                Digest(cluster.0),
                list(members)
            ),
            Self::AnotherCluster { ours, theirs } => write!(
                f,
                "refused cluster {}: this node belongs to cluster {}",
                Digest(theirs.0),
                Digest(ours.0)
            ),
            Self::Moved { id, addresses } => {
                write!(f, "{id} is reached at")?;
                addresses.iter().try_for_each(|address| write!(f, " {address}"))
            }
        }
    }
}

/// A node's id, if it is known, and its address.
struct Named(SocketAddr, Option<NodeId>);

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(address, id) = self;
        match id {
            Some(id) => write!(f, "{id} at {address}"),
            None => address.fmt(f),
        }
    }
}

impl fmt::Display for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nodes { here, nodes, liars } => {
                let missing = (*nodes as usize).saturating_sub(*here);
                write!(f, "{here} of {nodes} here; waits for {missing} more")?;
                match liars {
                    0 => Ok(()),
                    liars => write!(f, ", not counting {liars} proved to lie"),
                }
            }
            Self::Rosters {
                cluster,
                attempt,
                equal,
                quorum,
                without,
            } => {
                let cluster = Digest(cluster.0);
                write!(
                    f,
                    "roster {cluster}, attempt {}: {equal} of {quorum} ROSTERs; waits for {}",
                    attempt.saturating_add(1),
                    list(without)
                )
            }
            Self::Founds {
                cluster,
                equal,
                quorum,
                without,
            } => write!(
                f,
                "roster {} has its quorum; {equal} of {quorum} FOUNDs; waits for {}",
                Digest(cluster.0),
                list(without)
            ),
        }
    }
}

impl fmt::Display for Founded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nodes = self.members.len();
        let liars = nodes.saturating_sub(1) / 3;
        write!(
            f,
            "cluster {}, {nodes} nodes, {liars} may lie:",
            Digest(self.cluster.0)
        )?;
        for (index, member) in (0..).zip(&self.members) {
            write!(f, " {}={}", ReplicaId(index), member.id)?;
        }
        write!(f, "; this node is {}", self.own)
    }
}

fn list(ids: &[NodeId]) -> String {
    let names: Vec<String> = ids.iter().map(NodeId::to_string).collect();
    names.join(", ")
}
