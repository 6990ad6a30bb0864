//! For which roster a node votes.

use std::collections::BTreeMap;

use quorate_protocol::{ClusterId, Time};

use super::Gathering;
use crate::certificate::Certificate;
use crate::id::PublicKey;
use crate::mutant::Mutant;
use crate::packet::Standing;
use crate::peers::{Peer, seat};
use crate::roster::{Known, Roster};
use crate::vote::Phase;

impl Gathering {
    /// The roster to vote for: the one to which this node keeps; otherwise the one that most of its members want; otherwise the
    /// nodes that were met first.
    pub(super) fn choose(&self, now: Time) -> Option<Roster> {
        if let Some(lock) = &self.lock
            && !self.is_mutant(Mutant::LockNotKept)
        {
            return Some(lock.roster().clone());
        }
        let own = self.own_roster(now);
        let mut wanted: BTreeMap<ClusterId, &Roster> = self.ballots.wanted();
        if let Some(own) = &own {
            wanted.insert(own.cluster(), own);
        }
        wanted.retain(|_, roster| self.may_want(now, roster));
        let best = wanted.values().max_by_key(|roster| {
            let votes = self.votes_to_compare(roster, &wanted);
            (votes, std::cmp::Reverse(roster.cluster()))
        });
        best.map(|roster| (*roster).clone())
    }

    /// How many votes a roster has. With invitations, those of a seat count for nothing that has two keys in the wanted rosters: its
    /// owner could show each half of the nodes a key of its own, and each half would see more votes for its own roster for ever.
    fn votes_to_compare(&self, roster: &Roster, wanted: &BTreeMap<ClusterId, &Roster>) -> usize {
        let votes = self.ballots.in_phase(Phase::Roster);
        let votes = votes.filter(|ballot| ballot.roster.cluster() == roster.cluster());
        let is_compared = |key: &PublicKey| {
            !self.judge.invites()
                || wanted.values().all(|other| other.has(key))
                || self.is_mutant(Mutant::TwoKeysCompared)
        };
        votes.filter(|ballot| is_compared(&ballot.vote.key)).count()
    }

    /// Whether this node may vote for a roster that others want. Of its members at most f may be unknown or liars.
    fn may_want(&self, now: Time, roster: &Roster) -> bool {
        let own = self.judge.own();
        let others = || roster.keys().filter(|key| *key != own);
        let liars = others().filter(|key| self.barred.contains_key(key)).count();
        let unknown = others()
            .filter(|key| !self.barred.contains_key(key) && !self.peers.has(key))
            .count();
        let others_want = || self.wanted_by_others(roster);
        let one_correct = self.judge.quorum().one_correct();
        roster.has(&own)
            && liars + unknown <= self.judge.quorum().f() as usize
            // A seat's owner has signed every HELLO with that seat. Elsewhere a liar may have made up the unknown one.
            && (unknown == 0
                || self.judge.invites()
                || others_want() + usize::from(self.has_wanted(roster)) >= one_correct)
            && (liars == 0
                || others_want() >= one_correct
                || others().all(|key| self.is_bearable(now, &key)))
    }

    /// How many others want a roster. One of f+1 is correct, and has met its members or heard of f+1 who want it.
    fn wanted_by_others(&self, roster: &Roster) -> usize {
        let own = self.judge.own();
        let votes = self.ballots.in_phase(Phase::Roster);
        votes
            .filter(|ballot| ballot.roster.cluster() == roster.cluster() && ballot.vote.key != own)
            .count()
    }

    /// Whether this node's last ROSTER was for it: then its members were met, or f+1 wanted it. If that did not count, two groups of
    /// f+1 that each know a node which is gone would swap their rosters in every attempt.
    fn has_wanted(&self, roster: &Roster) -> bool {
        let voted = self.ballots.of(&self.judge.own(), Phase::Roster);
        voted.is_some_and(|ballot| ballot.roster.cluster() == roster.cluster())
            && !self.is_mutant(Mutant::OwnVoteForgotten)
    }

    /// Whether a key is not proved to lie, or was waited for long enough.
    fn is_bearable(&self, now: Time, key: &PublicKey) -> bool {
        let barred = self.barred.get(key);
        let at_once = self.is_mutant(Mutant::LiarsSeatedAtOnce);
        barred.is_none_or(|barred| at_once || now >= barred.since + self.pace.patience)
    }

    /// When the next proved liar becomes bearable.
    pub(super) fn patience_ends(&self) -> Option<Time> {
        let ends = self
            .barred
            .values()
            .map(|one| one.since + self.pace.patience);
        let to_come = ends.filter(|ends| self.is_seeking() && *ends > self.now);
        to_come.min()
    }

    /// Whoever was met first, and this node. Proved liars only if nobody else came, and at most f.
    fn own_roster(&self, now: Time) -> Option<Roster> {
        let mut chosen: Vec<Known> = vec![std::sync::Arc::new(self.hello.clone())];
        let mut seats: Vec<Option<PublicKey>> = vec![seat(&self.hello)];
        let liars = self
            .barred
            .values()
            .filter(|one| self.is_bearable(now, &one.proof.key()))
            .filter(|_| !self.is_mutant(Mutant::LiarsNeverSeated));
        let liars = liars.filter_map(|one| Some((one.hello.as_ref()?, true)));
        let seekers = self.seekers().into_iter();
        let seekers = seekers.map(|peer| (&peer.hello, false));
        let mut most_liars = self.judge.quorum().f();
        for (hello, lies) in seekers.chain(liars) {
            let is_free = !self.judge.invites() || !seats.contains(&seat(hello));
            let is_one_too_many = lies && most_liars == 0;
            if chosen.len() < self.charter.nodes as usize && is_free && !is_one_too_many {
                most_liars -= u32::from(lies);
                chosen.push(hello.clone());
                seats.push(seat(hello));
            }
        }
        self.judge.roster(chosen).ok()
    }

    /// The nodes that were met and have no cluster, in the order in which they were met.
    fn seekers(&self) -> Vec<&Peer> {
        let mut seekers = self.peers.first_come();
        seekers.retain(|peer| peer.standing == Standing::Seeking);
        seekers
    }

    /// How many nodes are here, this one included. With invitations: how many seats.
    pub(super) fn here(&self) -> usize {
        if !self.judge.invites() {
            return 1 + self.seekers().len();
        }
        let own = seat(&self.hello);
        let seekers = self.seekers();
        let mut seats: Vec<_> = seekers.iter().map(|peer| peer.seat()).collect();
        seats.push(own);
        seats.sort_unstable();
        seats.dedup();
        seats.len()
    }

    /// The roster that this node wants now.
    pub(super) fn wants(&self) -> Option<&Roster> {
        let own = self.judge.own();
        let voted = self
            .ballots
            .of(&own, Phase::Roster)
            .map(|ballot| &ballot.roster);
        self.lock.as_ref().map(Certificate::roster).or(voted)
    }
}
