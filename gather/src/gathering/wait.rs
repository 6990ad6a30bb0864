//! Why a node waits. It says so when a reason has lasted for a moment, and then again and again.

use quorate_protocol::{Duration, Time};

use super::Gathering;
use super::found::ids;
use crate::event::{Event, Waits};
use crate::id::PublicKey;
use crate::roster::Roster;
use crate::vote::{Phase, Vote};

/// The reason that is told.
#[derive(Default)]
pub(super) struct Waiting {
    reason: Option<Waits>,
    next: Option<Time>,
}

impl Waiting {
    /// When the reason is told next.
    pub(super) const fn next(&self) -> Option<Time> {
        self.next
    }

    /// A reason is told after a moment: most of them pass.
    fn see(&mut self, now: Time, reason: Option<Waits>, moment: Duration) {
        if self.reason != reason {
            self.next = reason.is_some().then(|| now + moment);
            self.reason = reason;
        }
    }

    fn take_due(&mut self, now: Time, again: Duration) -> Option<Waits> {
        if self.next.is_none_or(|next| now < next) {
            return None;
        }
        self.next = Some(now + again);
        self.reason.clone()
    }
}

impl Gathering {
    pub(super) fn tell_waits(&mut self, now: Time) {
        let reason = self.waits_for();
        self.waiting.see(now, reason, self.pace.beat);
        if let Some(waits) = self.waiting.take_due(now, self.pace.tell) {
            self.say(Event::Waits(waits));
        }
    }

    /// Why this node waits; nothing if it does not.
    #[must_use]
    pub fn waits_for(&self) -> Option<Waits> {
        if !self.is_seeking() {
            return None;
        }
        let (here, nodes) = (self.here(), self.charter.nodes);
        let Some(roster) = self.wants() else {
            let liars = self.barred.len();
            return Some(Waits::Nodes { here, nodes, liars });
        };
        let kept = self.lock.as_ref().map(|lock| lock.attempt());
        if kept == Some(self.attempt.number()) {
            return Some(self.waits_for_founds(roster));
        }
        if here < nodes as usize && kept.is_none() {
            let liars = self.barred.len();
            return Some(Waits::Nodes { here, nodes, liars });
        }
        Some(self.waits_for_rosters(roster))
    }

    fn waits_for_rosters(&self, roster: &Roster) -> Waits {
        let vote = self.vote_for(Phase::Roster, roster);
        Waits::Rosters {
            cluster: roster.cluster(),
            attempt: self.attempt.number(),
            equal: self.ballots.equal(&vote),
            quorum: self.judge.quorum().size(),
            without: self.without(&vote, roster),
        }
    }

    fn waits_for_founds(&self, roster: &Roster) -> Waits {
        let vote = self.vote_for(Phase::Found, roster);
        Waits::Founds {
            cluster: roster.cluster(),
            equal: self.ballots.equal(&vote),
            quorum: self.judge.quorum().size(),
            without: self.without(&vote, roster),
        }
    }

    const fn vote_for(&self, phase: Phase, roster: &Roster) -> Vote {
        Vote {
            phase,
            attempt: self.attempt.number(),
            cluster: roster.cluster(),
        }
    }

    /// The members that have not cast a vote.
    fn without(&self, vote: &Vote, roster: &Roster) -> Vec<crate::NodeId> {
        let has_cast = |key: &PublicKey| {
            let ballot = self.ballots.of(key, vote.phase);
            ballot.is_some_and(|ballot| ballot.vote.value == *vote)
        };
        ids(roster.keys().filter(|key| !has_cast(key)))
    }
}
