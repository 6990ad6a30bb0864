//! Sealed-bid auctions. All bids are fixed before the first is open.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use quorate_protocol::{ClusterId, ReplicaId, Sequence};
use serde::{Deserialize, Serialize};

use super::closing::Closing;
use super::command::Price;
use super::membership::Membership;
use super::once::{Fate, Said, fate};
use super::word::{Name, hex, sha256};

/// What seals a bid: SHA-256 of the text `bid CLUSTER EPOCH LOT BIDDER AMOUNT SALT`. The cluster's id and the salt are 64
/// hexadecimal digits in lower case; the bidder is the name of its process, such as `P`. So a bid that is copied opens for
/// nobody but its bidder, and one that is replayed opens in no other lot, epoch or cluster.
#[must_use]
pub fn commitment(
    cluster: ClusterId,
    epoch: u64,
    lot: &Name,
    bidder: ReplicaId,
    amount: u64,
    salt: &[u8; 32],
) -> [u8; 32] {
    let (cluster, salt) = (hex(&cluster.0), hex(salt));
    sha256(&format!(
        "bid {cluster} {epoch} {lot} {bidder} {amount} {salt}"
    ))
}

/// A lot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lot {
    /// What the winner pays.
    pub price: Price,
    /// The bids.
    pub bids: BTreeMap<ReplicaId, Said<Bid>>,
    /// The end of bidding.
    pub bids_closing: Closing,
    /// The end of revealing, which is the end of the auction.
    pub reveals_closing: Closing,
}

/// A sealed bid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bid {
    /// What the reveal must fit.
    pub commitment: [u8; 32],
    /// The bidder's note to itself.
    pub memo: Option<[u8; 8]>,
    /// The amount, once it is revealed in time.
    pub amount: Option<u64>,
    /// The amount, if it was revealed and does not count: it came after the close, or its bidder had not revealed an earlier bid.
    pub void: Option<u64>,
}

impl Bid {
    const fn is_open(&self) -> bool {
        self.amount.is_some() || self.void.is_some()
    }
}

/// How an auction ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sale {
    /// The amounts that count.
    pub amounts: BTreeMap<ReplicaId, u64>,
    /// Whose bids do not count.
    pub void: Vec<ReplicaId>,
    /// Those among them whose commitment is that of another bidder, who has revealed it: the copier, and the bidder.
    pub copies: Vec<(ReplicaId, ReplicaId)>,
    /// Who wins, and what it pays. `None` if no bid was revealed.
    pub winner: Option<(ReplicaId, u64)>,
}

/// Why a reveal does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unopened {
    /// Bids are still taken.
    Early,
    /// The member has no bid.
    NoBid,
    /// The auction ended in this slot.
    Late(Sequence),
    /// Amount and salt do not fit the commitment.
    Wrong,
    /// It was revealed before.
    Again,
}

impl Lot {
    /// A lot for which nobody has bid.
    #[must_use]
    pub(super) fn new(price: Price) -> Self {
        Self {
            price,
            bids: BTreeMap::new(),
            bids_closing: Closing::default(),
            reveals_closing: Closing::default(),
        }
    }

    /// Takes a bid, if it is the member's first and in time. Whether the commitment is a copy shows only when it is opened: a
    /// primary that copies a bid and orders its copy first must not get the original refused.
    pub(super) fn bid(
        &mut self,
        member: ReplicaId,
        slot: Sequence,
        commitment: [u8; 32],
        memo: Option<[u8; 8]>,
    ) -> Fate {
        let before = self.bids.get(&member).map(|bid| Said {
            slot: bid.slot,
            what: &bid.what.commitment,
        });
        let fate = fate(before, &commitment, &self.bids_closing);
        if fate == Fate::Counts {
            let what = Bid {
                commitment,
                memo,
                amount: None,
                void: None,
            };
            self.bids.insert(member, Said { slot, what });
        }
        fate
    }

    /// Opens a bid. `sealed` is the commitment of the amount and salt that the member reveals.
    pub(super) fn reveal(
        &mut self,
        member: ReplicaId,
        amount: u64,
        sealed: [u8; 32],
    ) -> Result<(), Unopened> {
        let bid = self.bids.get_mut(&member).ok_or(Unopened::NoBid)?;
        if self.bids_closing.at().is_none() {
            return Err(Unopened::Early);
        }
        if bid.what.commitment != sealed {
            return Err(Unopened::Wrong);
        }
        if bid.what.is_open() {
            return Err(Unopened::Again);
        }
        if let Some(closed) = self.reveals_closing.at() {
            bid.what.void = Some(amount);
            return Err(Unopened::Late(closed));
        }
        bid.what.amount = Some(amount);
        Ok(())
    }

    /// Who has bid and has not revealed.
    pub(super) fn unrevealed(&self) -> Vec<ReplicaId> {
        let bids = self.bids.iter().filter(|(_, bid)| !bid.what.is_open());
        bids.map(|(bidder, _)| *bidder).collect()
    }

    /// Whether the auction has ended, and this member has not revealed its bid to this day.
    pub(super) fn is_owed_by(&self, member: ReplicaId) -> bool {
        let bid = self.bids.get(&member);
        self.reveals_closing.at().is_some() && bid.is_some_and(|bid| !bid.what.is_open())
    }

    /// Makes a bid void that was revealed.
    pub(super) fn make_void(&mut self, bidder: ReplicaId) {
        if let Some(bid) = self.bids.get_mut(&bidder) {
            bid.what.void = bid.what.amount.take();
        }
    }

    /// How the auction ended. `None` if it has not.
    #[must_use]
    pub fn sale(&self, membership: &Membership, epoch: u64, lot: &Name) -> Option<Sale> {
        self.reveals_closing.at()?;
        let revealed = self.bids.iter();
        let revealed = revealed.filter_map(|(bidder, bid)| Some((*bidder, bid.what.amount?)));
        let amounts: BTreeMap<ReplicaId, u64> = revealed.collect();
        let void = self.bids.keys().filter(|one| !amounts.contains_key(one));
        let void: Vec<ReplicaId> = void.copied().collect();
        let copies = void.iter().filter_map(|copier| {
            let copy = self.bids.get(copier)?.what.commitment;
            let is_original = |(bidder, bid): &(&ReplicaId, &Said<Bid>)| {
                *bidder != copier && bid.what.is_open() && bid.what.commitment == copy
            };
            Some((*copier, *self.bids.iter().find(is_original)?.0))
        });
        let copies = copies.collect();
        let subject = format!("auction/{lot}");
        let rank = |(bidder, amount): &(&ReplicaId, &u64)| {
            let tie = membership.tie(epoch, &subject, &bidder.to_string());
            (**amount, Reverse(tie))
        };
        let best = amounts.iter().max_by_key(rank);
        let winner = best.map(|(bidder, amount)| (*bidder, self.pays(&amounts, *bidder, *amount)));
        Some(Sale {
            amounts,
            void,
            copies,
            winner,
        })
    }

    fn pays(&self, amounts: &BTreeMap<ReplicaId, u64>, winner: ReplicaId, amount: u64) -> u64 {
        let others = amounts.iter().filter(|(bidder, _)| **bidder != winner);
        match self.price {
            Price::First => amount,
            Price::Second => others.map(|(_, amount)| *amount).max().unwrap_or(0),
        }
    }
}
