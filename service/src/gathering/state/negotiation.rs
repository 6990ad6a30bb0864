//! Offers, and the choice that follows from them.

use std::collections::BTreeMap;

use quorate_protocol::{ReplicaId, Sequence};

use super::super::answer::{Answer, Refusal};
use super::super::choice::Choice;
use super::super::closing::Phase;
use super::super::happening::{Happening, Misdeed};
use super::super::offer::Offer;
use super::super::once::{Fate, Said, fate};
use super::Gathering;

impl Gathering {
    pub(super) fn offer(
        &mut self,
        slot: Sequence,
        member: ReplicaId,
        offer: Offer,
    ) -> Result<Answer, Refusal> {
        let unknown = offer.without.iter().find(|one| !self.membership.has(**one));
        if let Some(unknown) = unknown {
            return Err(Refusal::NoSuchMember(*unknown));
        }
        let record = self.records.entry(member).or_default();
        let before = record.offer.as_ref().map(|before| Said {
            slot: before.slot,
            what: &before.what,
        });
        let fate = fate(before, &offer, &self.head.offers);
        match fate {
            Fate::Counts => {
                let happening = Happening::Offered(member, offer.clone());
                record.offer = Some(Said { slot, what: offer });
                self.log.add(slot, happening);
            }
            Fate::Contradicts(_) if record.second_offer.is_none() => {
                record.second_offer = Some(Said { slot, what: offer });
            }
            _ => {}
        }
        let late = Misdeed::LateOffer;
        let second = |first| Misdeed::SecondOffer { first };
        Ok(self.once(slot, member, fate, Phase::Offers, late, second))
    }

    /// Chooses.
    pub(super) fn offers_closed(&mut self, slot: Sequence) {
        let records = self.records.iter();
        let offers = records.filter_map(|(member, record)| {
            let offer = record.offer.as_ref()?;
            Some((*member, offer.what.clone()))
        });
        let offers: BTreeMap<ReplicaId, Offer> = offers.collect();
        let slots = slot.0.saturating_sub(self.head.began.0);
        let choice = Choice::of(&self.membership, self.head.epoch, &offers, slots);
        let count = u32::try_from(offers.len()).unwrap_or(u32::MAX);
        self.log.add(slot, Happening::OffersClosed(count));
        let quorum = self.membership.quorum();
        let chosen = Happening::Chosen {
            choice: choice.clone(),
            members: quorum.n(),
            quorum: u32::try_from(quorum.size()).unwrap_or(u32::MAX),
        };
        self.log.add(slot, chosen);
        self.head.choice = Some(choice);
    }
}
