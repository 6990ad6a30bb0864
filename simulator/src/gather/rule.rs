//! What must hold, whoever lies.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use quorate_gather::{Event, Founded, Gathering, MOST_BYTES, NodeId, PublicKey};
use quorate_protocol::{ClusterId, Digest};

use super::plan::{BOUND_MS, Plan};

/// A rule that was broken. `who`: a node by its place among the people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the texts describe the variants")]
pub enum Violation {
    #[error("node {who} founded cluster {second} after cluster {first}")]
    TwoFoundings {
        who: usize,
        first: Digest,
        second: Digest,
    },
    #[error(
        "node {who} has other members, or another order, for cluster {cluster} than another node"
    )]
    OtherRoster { who: usize, cluster: Digest },
    #[error("cluster {cluster} of node {who} has {members} different members of {nodes}")]
    Size {
        who: usize,
        cluster: Digest,
        members: usize,
        nodes: u32,
    },
    #[error("node {who} is not where cluster {cluster} has its place")]
    OwnPlace { who: usize, cluster: Digest },
    #[error("nodes founded {first} and {second}, and any two quorums share a correct node")]
    TwoClusters { first: Digest, second: Digest },
    #[error("node {who} barred the correct node {id}")]
    Barred { who: usize, id: NodeId },
    #[error("node {who} refused or shut out a correct node: {words}")]
    ShutOut { who: usize, words: String },
    #[error("node {who} keeps too much: {hints} hints, {met} nodes met, {votes} votes")]
    Unbounded {
        who: usize,
        hints: usize,
        met: usize,
        votes: usize,
    },
    #[error("node {who} sent a packet of {bytes} bytes")]
    LargePacket { who: usize, bytes: usize },
    #[error("node {who} has no cluster {} s after all was healed: {waits}", BOUND_MS / 1000)]
    NotFounded { who: usize, waits: String },
    #[error("node {who} was met by all before anybody else, and has no seat: {waits}")]
    Seatless { who: usize, waits: String },
    #[error("a node panicked: {words}")]
    Panicked { words: String },
}

impl Violation {
    /// The rule's name.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::TwoFoundings { .. } => "one founding per node",
            Self::OtherRoster { .. } => "one roster per cluster",
            Self::Size { .. } => "n members",
            Self::OwnPlace { .. } => "own place",
            Self::TwoClusters { .. } => "one cluster",
            Self::Barred { .. } => "no correct node is barred",
            Self::ShutOut { .. } => "no correct node is shut out",
            Self::Unbounded { .. } | Self::LargePacket { .. } => "all is bounded",
            Self::NotFounded { .. } => "all are founded",
            Self::Seatless { .. } => "first come, first seated",
            Self::Panicked { .. } => "no panic",
        }
    }
}

/// What was founded so far.
#[derive(Debug, Default)]
pub(super) struct Foundings {
    /// The members' keys in replica order.
    rosters: BTreeMap<ClusterId, Vec<PublicKey>>,
    /// The cluster of each key, over the restarts of its node.
    of: BTreeMap<NodeId, ClusterId>,
}

impl Foundings {
    pub(super) fn clusters(&self) -> usize {
        self.rosters.len()
    }

    pub(super) fn of(&self, id: &NodeId) -> Option<ClusterId> {
        self.of.get(id).copied()
    }

    /// Looks at the founding of a correct node.
    pub(super) fn add(
        &mut self,
        plan: &Plan,
        who: usize,
        founded: &Founded,
        own: NodeId,
    ) -> Result<(), Violation> {
        let cluster = Digest(founded.cluster.0);
        let keys = founded.public_keys();
        let mut different = keys.clone();
        different.sort_unstable();
        different.dedup();
        if different.len() != plan.nodes as usize || keys.len() != different.len() {
            let (members, nodes) = (different.len(), plan.nodes);
            return Err(Violation::Size {
                who,
                cluster,
                members,
                nodes,
            });
        }
        let place = founded.members.get(founded.own.0 as usize);
        if place.is_none_or(|member| member.id != own) {
            return Err(Violation::OwnPlace { who, cluster });
        }
        if let Some(first) = self.of(&own).filter(|first| *first != founded.cluster) {
            let (first, second) = (Digest(first.0), cluster);
            return Err(Violation::TwoFoundings { who, first, second });
        }
        let other = self.rosters.keys().find(|other| **other != founded.cluster);
        if let Some(first) = other
            && plan.has_one_cluster()
        {
            let (first, second) = (Digest(first.0), cluster);
            return Err(Violation::TwoClusters { first, second });
        }
        if *self
            .rosters
            .entry(founded.cluster)
            .or_insert_with(|| keys.clone())
            != keys
        {
            return Err(Violation::OtherRoster { who, cluster });
        }
        self.of.insert(own, founded.cluster);
        Ok(())
    }
}

/// Looks at a correct node after a step. `correct`: the ids of the correct nodes of its group.
pub(super) fn check_node(
    who: usize,
    node: &Gathering,
    plan: &Plan,
    is_correct: impl Fn(&NodeId) -> bool,
) -> Result<(), Violation> {
    if let Some(id) = node.barred().find(is_correct) {
        return Err(Violation::Barred { who, id });
    }
    let [hints, met, votes] = node.sizes();
    let most = 2 * plan.nodes as usize + 16 + plan.nodes as usize;
    if hints > 1200 || met > most || votes > 2 * (most + 1) {
        return Err(Violation::Unbounded {
            who,
            hints,
            met,
            votes,
        });
    }
    Ok(())
}

/// Looks at what a correct node tells. `is_correct`: whether a correct node of its group has an address.
pub(super) fn check_event(
    who: usize,
    event: &Event,
    is_correct: impl Fn(&SocketAddr) -> bool,
) -> Result<(), Violation> {
    let (Event::Refused { address, .. }
    | Event::ShutOut { address, .. }
    | Event::RefusedBy { address, .. }) = event
    else {
        return Ok(());
    };
    if is_correct(address) {
        let words = event.to_string();
        return Err(Violation::ShutOut { who, words });
    }
    Ok(())
}

/// Looks at what a correct node sends.
pub(super) const fn check_packet(who: usize, bytes: usize) -> Result<(), Violation> {
    if bytes > MOST_BYTES {
        return Err(Violation::LargePacket { who, bytes });
    }
    Ok(())
}
