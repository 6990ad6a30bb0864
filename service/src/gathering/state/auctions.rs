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
        let lot = &mut find_mut(&mut self.lots, name)?.what;
        let closed = lot.bids_closing.at().is_some();
        let fate = lot.bid(member, slot, commitment, memo);
        let late = Misdeed::LateBid(name.clone());
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

    /// Ends an auction. The bid of a member that has not revealed its bid for an earlier lot is void.
    pub(super) fn reveals_closed(&mut self, slot: Sequence, name: &Name) -> Result<(), Refusal> {
        let indebted = self.void_indebted(name)?;
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
                void: lot.unrevealed(),
            },
        );
        for (member, unrevealed) in indebted {
            let lot = name.clone();
            self.note(slot, member, Misdeed::IndebtedBid { lot, unrevealed });
        }
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

    /// Makes void what members bid for this lot that have not revealed their bids for earlier lots. Answers who that is, and for
    /// which lot it has not revealed.
    fn void_indebted(&mut self, name: &Name) -> Result<Vec<(ReplicaId, Name)>, Refusal> {
        let bids = &find(&self.lots, name)?.what.bids;
        let revealed = bids.iter().filter(|(_, bid)| bid.what.amount.is_some());
        let indebted =
            revealed.filter_map(|(bidder, _)| Some((*bidder, self.unrevealed(*bidder)?.clone())));
        let indebted: Vec<(ReplicaId, Name)> = indebted.collect();
        let lot = &mut find_mut(&mut self.lots, name)?.what;
        for (bidder, _) in &indebted {
            lot.make_void(*bidder);
        }
        Ok(indebted)
    }
}
