//! Lots, sealed bids, reveals.

use quorate_protocol::{ReplicaId, Sequence};

use super::super::answer::{Answer, Refusal};
use super::super::auction::{Lot, Unopened, commitment};
use super::super::closing::Phase;
use super::super::command::Price;
use super::super::happening::{Happening, Misdeed};
use super::super::offer::Activity;
use super::super::word::Name;
use super::{Gathering, Thing, find, find_mut, open};

impl Gathering {
    pub(super) fn open_lot(
        &mut self,
        slot: Sequence,
        by: ReplicaId,
        lot: Name,
        price: Price,
    ) -> Result<Answer, Refusal> {
        self.check_part(by, Activity::Auction)?;
        self.check_room(by, &self.lots, &lot)?;
        let thing = Thing {
            name: lot.clone(),
            by,
            slot,
            what: Lot::new(price),
        };
        let answer = open(&mut self.lots, thing, |open, new| open.price == new.price)?;
        if answer == Answer::Counted {
            self.log.add(slot, Happening::LotOpened { lot, by, price });
        }
        Ok(answer)
    }

    pub(super) fn bid(
        &mut self,
        slot: Sequence,
        member: ReplicaId,
        name: &Name,
        commitment: [u8; 32],
        memo: Option<[u8; 8]>,
    ) -> Result<Answer, Refusal> {
        self.check_part(member, Activity::Auction)?;
        let barred = self.barred(member).cloned();
        let has_bid = find(&self.lots, name)?.what.bids.contains_key(&member);
        if let Some(void) = barred.filter(|_| !has_bid) {
            let lot = name.clone();
            let refusal = Refusal::Barred {
                member,
                lot: void.clone(),
            };
            self.note(slot, member, Misdeed::BarredBid { lot, void });
            return Err(refusal);
        }
        let lot = &mut find_mut(&mut self.lots, name)?.what;
        let closed = lot.bids_closing.at().is_some();
        let fate = lot.bid(member, slot, commitment, memo);
        let late = |_| Misdeed::LateBid(name.clone());
        let second = |first| Misdeed::SecondBid {
            lot: name.clone(),
            first,
            closed,
        };
        let phase = Phase::Bids(name.clone());
        Ok(self.once(slot, member, fate, phase, late, second))
    }

    pub(super) fn bids_closed(&mut self, slot: Sequence, name: &Name) -> Result<(), Refusal> {
        let bids = &find(&self.lots, name)?.what.bids;
        let happening = Happening::BidsClosed {
            lot: name.clone(),
            bidders: bids.keys().copied().collect(),
        };
        self.log.add(slot, happening);
        Ok(())
    }

    pub(super) fn reveal(
        &mut self,
        slot: Sequence,
        member: ReplicaId,
        name: &Name,
        amount: u64,
        salt: &[u8; 32],
    ) -> Result<Answer, Refusal> {
        let (cluster, epoch) = (self.membership.cluster(), self.head.epoch);
        let sealed = commitment(cluster, epoch, name, member, amount, salt);
        let lot = &mut find_mut(&mut self.lots, name)?.what;
        let refused = match lot.reveal(member, amount, sealed) {
            Ok(()) => return Ok(Answer::Counted),
            Err(refused) => refused,
        };
        let lot = name.clone();
        match refused {
            Unopened::Again => Ok(Answer::Again),
            Unopened::Early => Err(Refusal::Early(lot)),
            Unopened::NoBid => Err(Refusal::NoBid { member, lot }),
            Unopened::Late(closed) => {
                self.note(slot, member, Misdeed::LateReveal(lot.clone()));
                let phase = Phase::Reveals(lot);
                Ok(Answer::Late { phase, closed })
            }
            Unopened::Wrong => {
                self.note(slot, member, Misdeed::WrongReveal(lot.clone()));
                Err(Refusal::WrongReveal { member, lot })
            }
        }
    }

    /// Ends an auction. Who did not reveal is barred until it does.
    pub(super) fn reveals_closed(&mut self, slot: Sequence, name: &Name) -> Result<(), Refusal> {
        let lot = &find(&self.lots, name)?.what;
        let price = lot.price;
        let Some(sale) = lot.sale(&self.membership, self.head.epoch, name) else {
            return Ok(());
        };
        self.log.add(
            slot,
            Happening::Revealed {
                lot: name.clone(),
                amounts: sale.amounts,
                void: sale.void,
            },
        );
        for (copier, of) in sale.copies {
            let lot = name.clone();
            self.note(slot, copier, Misdeed::CopiedBid { lot, of });
        }
        self.log.add(
            slot,
            Happening::Sold {
                lot: name.clone(),
                price,
                winner: sale.winner,
            },
        );
        Ok(())
    }
}
