//! A roster: the n nodes that a cluster consists of. Its digest is the cluster's id.

use std::collections::BTreeSet;
use std::sync::Arc;

use quorate_protocol::{ClusterId, Digest};

use crate::hello::Hello;
use crate::id::PublicKey;
use crate::signed::Signed;

/// A signed HELLO, which several lists share.
pub(crate) type Known = Arc<Signed<Hello>>;

/// The n nodes of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    cluster: ClusterId,
    /// The members' HELLOs in the order of their keys.
    hellos: Vec<Known>,
}

/// Why HELLOs are no roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the error messages describe the variants")]
pub enum RosterFlaw {
    #[error("a roster has {found} members instead of {nodes}")]
    Size { found: usize, nodes: u32 },
    #[error("a roster has one key twice")]
    SameKey,
    #[error("a roster has one seat twice")]
    SameSeat,
}

impl Roster {
    /// The roster of these members. The caller has checked their HELLOs.
    ///
    /// # Errors
    /// There are not n of them, or two have one key or one seat.
    pub(crate) fn new(
        charter: &Digest,
        nodes: u32,
        mut hellos: Vec<Known>,
    ) -> Result<Self, RosterFlaw> {
        if hellos.len() != nodes as usize {
            let found = hellos.len();
            return Err(RosterFlaw::Size { found, nodes });
        }
        hellos.sort_by_key(|hello| hello.key);
        if hellos.windows(2).any(|two| two[0].key == two[1].key) {
            return Err(RosterFlaw::SameKey);
        }
        let mut seats = BTreeSet::new();
        if !hellos
            .iter()
            .filter_map(|one| seat(one))
            .all(|seat| seats.insert(seat))
        {
            return Err(RosterFlaw::SameSeat);
        }
        let cluster = digest(charter, &hellos);
        Ok(Self { cluster, hellos })
    }

    /// The roster's digest, which is the cluster's id.
    #[must_use]
    pub const fn cluster(&self) -> ClusterId {
        self.cluster
    }

    /// Whether a key is a member's.
    #[must_use]
    pub fn has(&self, key: &PublicKey) -> bool {
        self.place(key).is_some()
    }

    /// A key's place in the order of keys.
    pub(crate) fn place(&self, key: &PublicKey) -> Option<usize> {
        self.hellos
            .binary_search_by_key(key, |hello| hello.key)
            .ok()
    }

    /// The members' HELLOs, in the order of their keys.
    pub(crate) fn hellos(&self) -> &[Known] {
        &self.hellos
    }

    /// The members' keys, in the order of keys.
    pub fn keys(&self) -> impl Iterator<Item = PublicKey> {
        self.hellos.iter().map(|hello| hello.key)
    }

    /// The members' HELLOs in replica order: by the rank of a hash that nobody knows before the roster is complete.
    pub(crate) fn in_replica_order(&self) -> Vec<&Known> {
        let mut members: Vec<&Known> = self.hellos.iter().collect();
        members.sort_by_cached_key(|hello| Digest::of(&[b"rank", &self.cluster.0, &hello.key]));
        members
    }
}

fn seat(hello: &Signed<Hello>) -> Option<PublicKey> {
    hello.value.claim.as_ref().map(|claim| claim.seat)
}

/// Covers the charter, and each member's key and seat. Nodes draw fresh keys for each founding, so no two foundings have the
/// same digest as long as one member is correct.
fn digest(charter: &Digest, hellos: &[Known]) -> ClusterId {
    let mut parts: Vec<&[u8]> = vec![b"roster", &charter.0];
    for hello in hellos {
        parts.push(&hello.key);
        parts.push(hello.value.claim.as_ref().map_or(&[], |claim| &claim.seat));
    }
    ClusterId(Digest::of(&parts).0)
}
