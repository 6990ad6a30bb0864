//! What the members offer.

use std::collections::BTreeMap;

use quorate_protocol::{ReplicaId, Sequence};
use serde::{Deserialize, Serialize};

use super::super::closing::Phase;
use super::super::offer::{Activity, Offer};
use super::super::state::{Gathering, Record};
use super::super::word::Name;
use super::{Closes, VERSION, texts};

/// Answers `offers`, and `offer MEMBER` with those of one member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offers {
    /// [`VERSION`].
    pub v: u32,
    /// The epoch.
    pub epoch: u64,
    /// How far the phase is closed.
    pub closing: Closes,
    /// The offers that count.
    pub offers: Vec<Offered>,
    /// Members that made two different offers.
    pub contradictions: Vec<Contradiction>,
}

/// An offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offered {
    /// Who makes it.
    pub member: String,
    /// The slot in which it executed.
    pub slot: u64,
    /// What the member does.
    pub services: Vec<Activity>,
    /// What it claims to have.
    pub can: BTreeMap<Name, u64>,
    /// What members must have.
    pub needs: BTreeMap<Name, u64>,
    /// The fewest members.
    pub least: Option<u32>,
    /// The most members.
    pub most: Option<u32>,
    /// Members that are excluded.
    pub without: Vec<String>,
    /// In how many slots after the beginning of the epoch the offers must be closed.
    pub deadline_slots: Option<u64>,
    /// The activities, the preferred ones first.
    pub prefers: Vec<Activity>,
}

/// Two offers of one member. It has signed the requests in both slots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contradiction {
    /// The member.
    pub member: String,
    /// The slot of the first offer, which counts.
    pub first_slot: u64,
    /// The first offer, in the words of its command.
    pub first: String,
    /// The slot of the second.
    pub second_slot: u64,
    /// The second offer.
    pub second: String,
}

impl Gathering {
    /// The offers of all members, or of one.
    pub(super) fn offers(&self, of: Option<ReplicaId>) -> Offers {
        let members = self.membership().members();
        let records: Vec<(ReplicaId, &Record)> = members
            .filter(|member| of.is_none_or(|of| of == *member))
            .filter_map(|member| Some((member, self.record(member)?)))
            .collect();
        let offers = records.iter().filter_map(|(member, record)| {
            let offer = record.offer.as_ref()?;
            Some(offered(*member, offer.slot, &offer.what))
        });
        let contradictions = records.iter().filter_map(|(member, record)| {
            let (first, second) = (record.offer.as_ref()?, record.second_offer.as_ref()?);
            Some(Contradiction {
                member: member.to_string(),
                first_slot: first.slot.0,
                first: first.what.to_string(),
                second_slot: second.slot.0,
                second: second.what.to_string(),
            })
        });
        Offers {
            v: VERSION,
            epoch: self.epoch(),
            closing: self.closes(&Phase::Offers),
            offers: offers.collect(),
            contradictions: contradictions.collect(),
        }
    }
}

fn offered(member: ReplicaId, slot: Sequence, offer: &Offer) -> Offered {
    Offered {
        member: member.to_string(),
        slot: slot.0,
        services: offer.services.iter().copied().collect(),
        can: offer.can.clone(),
        needs: offer.needs.clone(),
        least: offer.least,
        most: offer.most,
        without: texts(&offer.without),
        deadline_slots: offer.deadline,
        prefers: offer.prefers.clone(),
    }
}
