//! What a gathering waits for, and for whom.

use std::fmt;

use quorate_protocol::ReplicaId;

use super::auction::Lot;
use super::closing::{Closing, Phase};
use super::offer::Activity;
use super::state::{Gathering, Thing};
use super::vote::Question;
use super::word::joined;
use super::work::Job;

/// A phase that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waits {
    /// The phase.
    pub phase: Phase,
    /// The members that may still speak in it.
    pub silent: Vec<ReplicaId>,
    /// How many members have asked for its end.
    pub asked: usize,
    /// How many must ask.
    pub needed: usize,
}

impl Gathering {
    /// The open phases, in which members may speak. None before the cluster is founded.
    #[must_use]
    pub fn waits(&self) -> Vec<Waits> {
        if self.founded().is_none() {
            return Vec::new();
        }
        let offers = match self.choice() {
            None => Some((Phase::Offers, self.without_offer())),
            Some(_) => None,
        };
        let chosen = self.choice().and_then(|choice| choice.chosen);
        let acts = match chosen {
            Some(Activity::Auction) => self
                .lots()
                .iter()
                .filter_map(|lot| self.bidding(lot))
                .collect(),
            Some(Activity::Vote) => self
                .questions()
                .iter()
                .filter_map(|one| self.voting(one))
                .collect(),
            Some(Activity::Work) => self
                .jobs()
                .iter()
                .filter_map(|job| self.working(job))
                .collect(),
            Some(Activity::Store) | None => Vec::new(),
        };
        let all = offers.into_iter().chain(acts);
        let waits = all.map(|(phase, silent)| Waits {
            asked: self
                .closing(&phase)
                .map_or(0, |closing| closing.asked().len()),
            needed: self.needed(&phase),
            phase,
            silent,
        });
        waits.collect()
    }

    fn without_offer(&self) -> Vec<ReplicaId> {
        let offered = |member: &ReplicaId| {
            self.record(*member)
                .is_some_and(|record| record.offer.is_some())
        };
        self.membership()
            .members()
            .filter(|member| !offered(member))
            .collect()
    }

    /// Those who take part, for whom this is true.
    fn taking_part(&self, is_silent: impl Fn(ReplicaId) -> bool) -> Vec<ReplicaId> {
        let members = self.membership().members();
        members
            .filter(|one| self.takes_part(*one) && is_silent(*one))
            .collect()
    }

    fn bidding(&self, lot: &Thing<Lot>) -> Option<(Phase, Vec<ReplicaId>)> {
        let (name, lot) = (lot.name.clone(), &lot.what);
        match (lot.bids_closing.at(), lot.reveals_closing.at()) {
            (None, _) => {
                let is_silent = |member| !lot.bids.contains_key(&member);
                Some((Phase::Bids(name), self.taking_part(is_silent)))
            }
            (Some(_), None) => {
                let bidders = lot.bids.iter().filter(|(bidder, bid)| {
                    // A bid is void if its bidder owes the reveal of an earlier one.
                    bid.what.amount.is_none() || self.unrevealed(**bidder).is_some()
                });
                let silent = bidders.map(|(bidder, _)| *bidder).collect();
                Some((Phase::Reveals(name), silent))
            }
            (Some(_), Some(_)) => None,
        }
    }

    fn voting(&self, question: &Thing<Question>) -> Option<(Phase, Vec<ReplicaId>)> {
        let (name, question) = (question.name.clone(), &question.what);
        let silent = || self.taking_part(|member| !question.ballots.contains_key(&member));
        is_open(&question.closing).then(|| (Phase::Ballots(name), silent()))
    }

    fn working(&self, job: &Thing<Job>) -> Option<(Phase, Vec<ReplicaId>)> {
        let (name, job) = (job.name.clone(), &job.what);
        let undone = job.undone(self.membership().quorum());
        if undone.is_empty() || !is_open(&job.closing) {
            return None;
        }
        let lacks = |part: u32, member| {
            let results = job.parts.get(part as usize);
            let given = results.is_some_and(|results| results.contains_key(&member));
            !given && self.assigned(part).contains(&member)
        };
        let is_silent = |member| undone.iter().any(|part| lacks(*part, member));
        Some((Phase::Results(name), self.taking_part(is_silent)))
    }
}

const fn is_open(closing: &Closing) -> bool {
    closing.at().is_none()
}

impl fmt::Display for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            phase,
            silent,
            asked,
            needed,
        } = self;
        if silent.is_empty() {
            write!(f, "{phase}: all have spoken; ")?;
        } else {
            write!(f, "{phase}: waits for {}; ", joined(silent, ", "))?;
        }
        write!(f, "{asked} of {needed} members ask for the end")
    }
}
