//! A quorum of equal votes for a roster.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::hello::Hello;
use crate::id::PublicKey;
use crate::roster::Roster;
use crate::signed::{Signature, Signed, encode};
use crate::vote::{Phase, Vote};

/// A quorum of equal votes of a roster's members. With FOUNDs it proves that the cluster is founded; with ROSTERs that no
/// other roster of the same members can have been founded in the same attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    pub(crate) roster: Roster,
    pub(crate) vote: Vote,
    /// Each voter's place in the order of keys, and its signature.
    pub(crate) signatures: BTreeMap<u16, Signature>,
}

/// A certificate by itself, as bytes tell it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Alone {
    pub(crate) hellos: Vec<Signed<Hello>>,
    pub(crate) vote: Vote,
    pub(crate) signatures: BTreeMap<u16, Signature>,
}

impl Certificate {
    /// Puts votes together. `None`: they are fewer than a quorum.
    pub(crate) fn of<'a>(
        roster: &Roster,
        vote: Vote,
        quorum: usize,
        votes: impl IntoIterator<Item = &'a Signed<Vote>>,
    ) -> Option<Self> {
        let signatures: BTreeMap<u16, Signature> = votes
            .into_iter()
            .filter(|one| one.value == vote)
            .filter_map(|one| {
                let place = roster.place(&one.key)?;
                Some((u16::try_from(place).ok()?, one.signature))
            })
            .collect();
        (signatures.len() >= quorum).then(|| Self {
            roster: roster.clone(),
            vote,
            signatures,
        })
    }

    /// The roster that the votes are for.
    #[must_use]
    pub const fn roster(&self) -> &Roster {
        &self.roster
    }

    /// The attempt in which the votes were cast.
    #[must_use]
    pub const fn attempt(&self) -> u64 {
        self.vote.attempt
    }

    /// Whether it proves a founding.
    #[must_use]
    pub fn is_founding(&self) -> bool {
        self.vote.phase == Phase::Found
    }

    /// The keys whose votes it has.
    pub fn voters(&self) -> impl Iterator<Item = PublicKey> {
        let hellos = self.roster.hellos();
        let places = self.signatures.keys();
        places.filter_map(|place| hellos.get(usize::from(*place)).map(|hello| hello.key))
    }

    /// The votes, each with its signature.
    pub(crate) fn votes(&self) -> impl Iterator<Item = Signed<Vote>> {
        self.voters()
            .zip(self.signatures.values())
            .map(|(key, signature)| Signed {
                key,
                value: self.vote,
                signature: *signature,
            })
    }

    /// The certificate as bytes, with the members' HELLOs.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode(&self.alone())
    }

    pub(crate) fn alone(&self) -> Alone {
        let hellos = self.roster.hellos();
        Alone {
            hellos: hellos.iter().map(|hello| Signed::clone(hello)).collect(),
            vote: self.vote,
            signatures: self.signatures.clone(),
        }
    }
}

impl Alone {
    /// The HELLOs, to be checked and shared.
    pub(crate) fn shared(&self) -> Vec<Arc<Signed<Hello>>> {
        self.hellos.iter().cloned().map(Arc::new).collect()
    }
}
