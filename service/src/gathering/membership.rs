//! Who the members of a cluster are. All replicas know it before the first slot: it is what their keys were agreed with.

use std::collections::BTreeSet;

use quorate_protocol::{ClusterId, Quorum, ReplicaId};

use super::word::{Name, hex, sha256};

/// The cluster, its size, and the names of its nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    cluster: ClusterId,
    quorum: Quorum,
    names: Vec<Name>,
}

/// Why names are not those of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadMembership {
    /// There are more or fewer names than members.
    #[error("{names} names for {members} members; give each member one")]
    Count {
        /// The names.
        names: usize,
        /// The members.
        members: u32,
    },
    /// Two members have one name.
    #[error("two members have one name; names must differ")]
    Twice,
}

impl Membership {
    /// A cluster whose nodes have names of their own, in the order of the replicas.
    ///
    /// # Errors
    /// There is not one name for each replica, or two are equal.
    pub fn new(
        cluster: ClusterId,
        quorum: Quorum,
        names: Vec<Name>,
    ) -> Result<Self, BadMembership> {
        let members = quorum.n();
        if names.len() != members as usize {
            let names = names.len();
            return Err(BadMembership::Count { names, members });
        }
        if names.iter().collect::<BTreeSet<_>>().len() != names.len() {
            return Err(BadMembership::Twice);
        }
        Ok(Self {
            cluster,
            quorum,
            names,
        })
    }

    /// A cluster whose nodes are called P, Q, R and so on, as its processes are.
    #[must_use]
    #[expect(clippy::expect_used, reason = "the names of processes are names")]
    pub fn plain(cluster: ClusterId, quorum: Quorum) -> Self {
        let name = |index| ReplicaId(index).to_string().parse();
        let names = (0..quorum.n()).map(name).collect::<Result<_, _>>();
        Self {
            cluster,
            quorum,
            names: names.expect("a process name has only letters and digits"),
        }
    }

    /// The cluster's id.
    #[must_use]
    pub const fn cluster(&self) -> ClusterId {
        self.cluster
    }

    /// n and f.
    #[must_use]
    pub const fn quorum(&self) -> Quorum {
        self.quorum
    }

    /// The names of the nodes, in the order of the replicas.
    #[must_use]
    pub fn names(&self) -> &[Name] {
        &self.names
    }

    /// All members.
    pub fn members(&self) -> impl Iterator<Item = ReplicaId> + use<> {
        (0..self.quorum.n()).map(ReplicaId)
    }

    /// Whether there is such a member.
    #[must_use]
    pub const fn has(&self, member: ReplicaId) -> bool {
        member.0 < self.quorum.n()
    }

    /// The rank of a name among equals: the smallest wins. It is SHA-256 of `tie CLUSTER EPOCH SUBJECT NAME`.
    #[must_use]
    pub(super) fn tie(&self, epoch: u64, subject: &str, name: &str) -> [u8; 32] {
        let cluster = hex(&self.cluster.0);
        sha256(&format!("tie {cluster} {epoch} {subject} {name}"))
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    const CLUSTER: ClusterId = ClusterId([7; 32]);

    fn names(texts: &[&str]) -> Vec<Name> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn each_member_has_one_name_of_its_own() {
        let quorum = Quorum::of(NonZeroU32::new(2).unwrap());
        let of = |texts| Membership::new(CLUSTER, quorum, names(texts));
        assert_eq!(of(&["a", "b"]).unwrap().names(), names(&["a", "b"]));
        assert_eq!(of(&["a", "a"]), Err(BadMembership::Twice));
        let count = BadMembership::Count {
            names: 1,
            members: 2,
        };
        assert_eq!(of(&["a"]), Err(count));
    }

    #[test]
    fn without_names_of_their_own_nodes_are_called_as_their_processes() {
        let quorum = Quorum::of(NonZeroU32::new(100).unwrap());
        let plain = Membership::plain(CLUSTER, quorum);
        assert_eq!(plain.names()[0].as_str(), "P");
        assert_eq!(plain.names()[11].as_str(), "P2");
        assert!(plain.has(ReplicaId(99)) && !plain.has(ReplicaId(100)));
        assert_eq!(plain.members().count(), 100);
    }
}
