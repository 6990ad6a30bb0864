//! Who the members are.

use quorate_protocol::ReplicaId;
use serde::{Deserialize, Serialize};

use super::super::state::Gathering;
use super::super::word::{Name, hex};
use super::{VERSION, length};

/// Answers `members`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Members {
    /// [`VERSION`].
    pub v: u32,
    /// The cluster's id: 64 hexadecimal digits.
    pub cluster: String,
    /// The number of members.
    pub n: u32,
    /// How many of them may lie.
    pub f: u32,
    /// The slot in which the cluster was founded.
    pub founded: Option<u64>,
    /// The epoch; 0 before the cluster is founded.
    pub epoch: u64,
    /// Each member.
    pub members: Vec<Member>,
}

/// A member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its process: `P`.
    pub member: String,
    /// The name of its node.
    pub name: String,
    /// Whether its offer came in time, or is in time still.
    pub offered: bool,
    /// Whether it takes part in what was agreed on.
    pub takes_part: bool,
    /// The lot that has ended without the reveal of its bid. Its bids for lots that end before it reveals are void.
    pub must_reveal: Option<String>,
    /// How many misdeeds of it were told in this epoch.
    pub misdeeds: u32,
}

impl Gathering {
    pub(super) fn members(&self) -> Members {
        let quorum = self.membership().quorum();
        let members = self.membership().members().zip(self.membership().names());
        Members {
            v: VERSION,
            cluster: hex(&self.membership().cluster().0),
            n: quorum.n(),
            f: quorum.f(),
            founded: self.founded().map(|slot| slot.0),
            epoch: self.epoch(),
            members: members
                .map(|(member, name)| self.member(member, name))
                .collect(),
        }
    }

    pub(super) fn member(&self, member: ReplicaId, name: &Name) -> Member {
        let record = self.record(member);
        Member {
            member: member.to_string(),
            name: name.to_string(),
            offered: record.is_some_and(|record| record.offer.is_some()),
            takes_part: self.takes_part(member),
            must_reveal: self.unrevealed(member).map(Name::to_string),
            misdeeds: record.map_or(0, |record| length(record.misdeeds.len())),
        }
    }
}
