//! Lots, and the bids for them.

use serde::{Deserialize, Serialize};

use super::super::auction::{Lot, Sale};
use super::super::closing::Phase;
use super::super::command::Price;
use super::super::state::{Gathering, Thing};
use super::super::word::{Name, hex};
use super::{Closes, VERSION, length, texts};

/// Answers `auctions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Auctions {
    /// [`VERSION`].
    pub v: u32,
    /// The epoch.
    pub epoch: u64,
    /// The lots, in the order in which they were opened.
    pub auctions: Vec<AuctionLine>,
}

/// An auction in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuctionLine {
    /// The lot.
    pub lot: Name,
    /// Who put it up.
    pub by: String,
    /// What the winner pays.
    pub price: Price,
    /// How far it is.
    pub stage: AuctionStage,
    /// How many members have bid.
    pub bids: u32,
    /// Who wins.
    pub winner: Option<String>,
    /// What the winner pays.
    pub pays: Option<u64>,
}

/// How far an auction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuctionStage {
    /// Sealed bids are taken.
    Bidding,
    /// The bids are being revealed.
    Revealing,
    /// It has ended.
    Ended,
}

/// Answers `auction LOT`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Auction {
    /// [`VERSION`].
    pub v: u32,
    /// The cluster's id, which a commitment contains.
    pub cluster: String,
    /// The epoch, which a commitment contains.
    pub epoch: u64,
    /// The slot in which the lot was put up.
    pub slot: u64,
    /// The auction in short.
    pub auction: AuctionLine,
    /// The bids.
    pub bids: Vec<Bid>,
    /// How far bidding is closed.
    pub bids_closing: Closes,
    /// How far revealing is closed.
    pub reveals_closing: Closes,
    /// Whose bids do not count, once the auction has ended.
    pub void: Vec<String>,
}

/// A bid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bid {
    /// Who bids.
    pub bidder: String,
    /// The slot in which the bid executed.
    pub slot: u64,
    /// The commitment: 64 hexadecimal digits.
    pub commitment: String,
    /// The amount, once it is revealed.
    pub amount: Option<u64>,
}

impl Gathering {
    pub(super) fn auctions(&self) -> Auctions {
        let auctions = self.lots().iter();
        Auctions {
            v: VERSION,
            epoch: self.epoch(),
            auctions: auctions
                .map(|lot| self.auction_line(lot, self.sale(lot).as_ref()))
                .collect(),
        }
    }

    pub(super) fn sale(&self, lot: &Thing<Lot>) -> Option<Sale> {
        lot.what.sale(self.membership(), self.epoch(), &lot.name)
    }

    pub(super) fn auction_line(&self, lot: &Thing<Lot>, sale: Option<&Sale>) -> AuctionLine {
        let winner = sale.and_then(|sale| sale.winner);
        let stage = match (lot.what.bids_closing.at(), sale) {
            (None, _) => AuctionStage::Bidding,
            (Some(_), None) => AuctionStage::Revealing,
            (Some(_), Some(_)) => AuctionStage::Ended,
        };
        AuctionLine {
            lot: lot.name.clone(),
            by: lot.by.to_string(),
            price: lot.what.price,
            stage,
            bids: length(lot.what.bids.len()),
            winner: winner.map(|(winner, _)| winner.to_string()),
            pays: winner.map(|(_, pays)| pays),
        }
    }

    pub(super) fn auction(&self, lot: &Thing<Lot>) -> Auction {
        let sale = self.sale(lot);
        let bids = lot.what.bids.iter().map(|(bidder, bid)| Bid {
            bidder: bidder.to_string(),
            slot: bid.slot.0,
            commitment: hex(&bid.what.commitment),
            amount: bid.what.amount,
        });
        Auction {
            v: VERSION,
            cluster: hex(&self.membership().cluster().0),
            epoch: self.epoch(),
            slot: lot.slot.0,
            auction: self.auction_line(lot, sale.as_ref()),
            bids: bids.collect(),
            bids_closing: self.closes(&Phase::Bids(lot.name.clone())),
            reveals_closing: self.closes(&Phase::Reveals(lot.name.clone())),
            void: sale.map(|sale| texts(&sale.void)).unwrap_or_default(),
        }
    }
}
