//! The votes.
//!
//! A founding needs two votes, as in other agreement among voters who may lie. With ROSTER a member wants a roster in an attempt.
//! A member that sees a quorum of equal ROSTERs keeps to that roster: it signs FOUND, and in later attempts it votes for this roster
//! alone, until it sees a quorum for another one in a later attempt. A quorum of FOUNDs of one attempt is the founding. Two quorums of
//! the same members share a correct member, so after a founding no quorum of ROSTERs for another roster of these members can come
//! about.

use quorate_protocol::{ReplicaId, Time};

use super::{Gathering, Newer, Outcome};
use crate::attempt::Attempt;
use crate::ballots::Ballot;
use crate::certificate::Certificate;
use crate::event::{Event, Founded, Member};
use crate::hello::Hello;
use crate::id::{NodeId, PublicKey};
use crate::mutant::Mutant;
use crate::roster::Roster;
use crate::signed::Signed;
use crate::vote::{Phase, Vote};

/// The most foundings of others that wait until enough of their members were met.
const MOST_FOUNDINGS: usize = 8;
/// The most clusters that are named to the user.
const MOST_TOLD: usize = 16;
/// The most attempts that are skipped at once. So a liar cannot use them all up.
const MOST_SKIPPED: u64 = 1 << 20;

impl Gathering {
    /// Does whatever follows from the votes that are known.
    pub(super) fn found(&mut self, now: Time) {
        while self.is_seeking() && self.advance(now) {}
    }

    /// One step ahead, if there is one.
    fn advance(&mut self, now: Time) -> bool {
        self.see_founding()
            || self.see_quorum(now)
            || self.believe_founding()
            || self.follow()
            || self.end_attempt(now)
            || self.vote(now)
    }

    fn see_founding(&mut self) -> bool {
        let (own, quorum) = (self.judge.own(), self.enough_votes());
        let phase = if self.is_mutant(Mutant::OneVoteIsEnough) {
            Phase::Roster
        } else {
            Phase::Found
        };
        let founding = self.ballots.quorum(phase, quorum, &own);
        let is_founded = founding.is_some();
        if let Some(founding) = founding {
            self.become_member(founding, false);
        }
        is_founded
    }

    fn enough_votes(&self) -> usize {
        let quorum = self.judge.quorum().size();
        quorum - usize::from(self.is_mutant(Mutant::QuorumTooSmall))
    }

    fn see_quorum(&mut self, now: Time) -> bool {
        let (own, quorum) = (self.judge.own(), self.enough_votes());
        let lock = self.ballots.quorum(Phase::Roster, quorum, &own);
        lock.is_some_and(|lock| self.keep_to(now, lock))
    }

    /// From now on this node keeps to the roster. Whether that is new.
    pub(super) fn keep_to(&mut self, now: Time, lock: Certificate) -> bool {
        let known = self.lock.as_ref().map(Certificate::attempt);
        let is_later = known.is_none_or(|known| known < lock.attempt());
        if !self.is_seeking() || !is_later || !lock.roster().has(&self.judge.own()) {
            return false;
        }
        let (attempt, roster) = (lock.attempt(), lock.roster().clone());
        self.lock = Some(lock);
        self.speaking.changed();
        if attempt > self.attempt.number() {
            self.attempt = Attempt::at(attempt);
        }
        if attempt == self.attempt.number() {
            self.cast(Phase::Found, roster);
            self.attempt.voted(now);
        }
        true
    }

    /// A founding that somebody hands on.
    pub(super) fn on_founding(&mut self, now: Time, founding: Certificate) {
        let theirs = founding.roster().cluster();
        if let Some(ours) = self.founding().map(|ours| ours.roster().cluster()) {
            if ours == theirs {
                self.compare_hellos(now, founding.roster());
            } else if self.told.other_clusters.len() < MOST_TOLD
                && self.told.other_clusters.insert(theirs)
            {
                self.say(Event::AnotherCluster { ours, theirs });
            }
        } else if founding.roster().has(&self.judge.own()) {
            self.become_member(founding, false);
        } else if !self
            .foundings
            .iter()
            .any(|one| one.roster().cluster() == theirs)
        {
            if self.foundings.len() == MOST_FOUNDINGS {
                self.foundings.remove(0);
            }
            // Its members are called, to see whether they are there.
            self.call_members(now, founding.roster());
            self.foundings.push(founding);
        }
    }

    /// A founding without this node counts once f+1 of its members were met: old ones may be played again.
    fn believe_founding(&mut self) -> bool {
        let enough = if self.is_mutant(Mutant::OldFoundingCounts) {
            0
        } else {
            self.judge.quorum().one_correct()
        };
        let met = |founding: &Certificate| {
            let keys = founding.roster().keys();
            keys.filter(|key| self.peers.has(key)).count() >= enough
        };
        let Some(founding) = self.foundings.iter().find(|one| met(one)).cloned() else {
            return false;
        };
        let roster = founding.roster();
        self.say(Event::Watching {
            cluster: roster.cluster(),
            nodes: self.charter.nodes,
            members: ids(roster.in_replica_order().iter().map(|hello| hello.key)),
        });
        self.end(Outcome::Watching(founding));
        true
    }

    pub(super) fn become_member(&mut self, founding: Certificate, restored: bool) {
        self.remember_newer(founding.roster());
        let founded = self.founded_by(founding, restored);
        self.end(Outcome::Member(Box::new(founded.clone())));
        self.call_members(self.now, founded.certificate.roster());
        if !restored {
            self.say(Event::Founded(Box::new(founded)));
        }
    }

    /// Keeps the HELLOs of members that were met, if they are newer than those of the roster.
    fn remember_newer(&mut self, roster: &Roster) {
        for hello in roster.hellos() {
            let Some(peer) = self.peers.get(&hello.key) else {
                continue;
            };
            if peer.hello.value.sequence > hello.value.sequence {
                let (hello, since) = (peer.hello.clone(), self.now);
                self.newer.insert(hello.key, Newer { hello, since });
            }
        }
    }

    pub(super) fn founded_by(&self, certificate: Certificate, restored: bool) -> Founded {
        let roster = certificate.roster();
        let own = self.judge.own();
        let members: Vec<Member> = roster
            .in_replica_order()
            .into_iter()
            .map(|hello| self.member(hello))
            .collect();
        let place = members.iter().position(|member| member.key == own);
        let own = u32::try_from(place.unwrap_or_default()).unwrap_or_default();
        Founded {
            cluster: roster.cluster(),
            members,
            own: ReplicaId(own),
            certificate,
            restored,
        }
    }

    /// A member as its newest HELLO says.
    fn member(&self, hello: &Signed<Hello>) -> Member {
        let newest = if hello.key == self.judge.own() {
            &self.hello
        } else {
            let newer = self.newer.get(&hello.key);
            newer.map_or(hello, |newer| &*newer.hello)
        };
        Member {
            id: hello.id(),
            key: hello.key,
            addresses: newest.value.addresses.clone(),
        }
    }

    fn end(&mut self, outcome: Outcome) {
        self.outcome = outcome;
        self.foundings.clear();
        self.speaking.changed();
    }

    /// Follows the others into a later attempt once f+1 members of the wanted roster are there: one of them is correct.
    fn follow(&mut self) -> bool {
        let attempts = self.attempts();
        let place = if self.is_mutant(Mutant::OneLeads) {
            0
        } else {
            self.judge.quorum().f() as usize
        };
        let with_one_correct = attempts.get(place).copied();
        let later = with_one_correct.filter(|attempt| *attempt > self.attempt.number());
        if let Some(attempt) = later {
            self.attempt = Attempt::at(attempt);
        }
        later.is_some()
    }

    /// The attempts of the members of the roster that this node wants, the latest first. Others do not count: somebody with many
    /// keys, or with two keys for one seat, could lead this node wherever it likes.
    fn attempts(&self) -> Vec<u64> {
        if self.is_mutant(Mutant::AnybodyLeads) {
            return self.ballots.all_attempts();
        }
        let wanted = self.wants();
        wanted.map_or_else(Vec::new, |roster| self.ballots.attempts(roster))
    }

    /// An attempt that has lasted long enough ends. The next one is the latest that a member has begun, within reason.
    fn end_attempt(&mut self, now: Time) -> bool {
        let attempts = self.attempts();
        let own = self.attempt.number();
        let last_of_quorum = attempts.get(self.judge.quorum().size() - 1);
        if self.is_mutant(Mutant::OwnTime) {
            self.attempt.met(Time(0));
        } else if last_of_quorum.is_some_and(|attempt| *attempt >= own) {
            self.attempt.met(now);
        }
        let is_over = self.attempt_ends().is_some_and(|ends| now >= ends);
        if is_over {
            let next = own.saturating_add(1);
            let most = own.saturating_add(MOST_SKIPPED);
            let latest = attempts.into_iter().find(|attempt| *attempt <= most);
            self.attempt = Attempt::at(latest.unwrap_or(next).max(next));
        }
        is_over
    }

    /// When the attempt ends, if it does.
    pub(super) fn attempt_ends(&self) -> Option<Time> {
        let ends = self.attempt.ends(&self.pace);
        ends.filter(|_| self.is_seeking())
    }

    /// Votes for a roster, once in an attempt.
    fn vote(&mut self, now: Time) -> bool {
        let own = self.judge.own();
        let voted = self.ballots.of(&own, Phase::Roster);
        if voted.is_some_and(|ballot| ballot.vote.value.attempt >= self.attempt.number()) {
            // A node that was restored has voted before it has a time.
            self.attempt.voted(now);
            return self.is_mutant(Mutant::VotesTwice) && self.vote_twice(now);
        }
        let Some(roster) = self.choose(now) else {
            return false;
        };
        self.tell_liars(&roster);
        self.cast(Phase::Roster, roster);
        self.attempt.voted(now);
        true
    }

    /// What only a bug does: votes again in the same attempt.
    fn vote_twice(&mut self, now: Time) -> bool {
        let before = self.wants().map(Roster::cluster);
        let other = self
            .choose(now)
            .filter(|roster| Some(roster.cluster()) != before);
        let Some(roster) = other else {
            return false;
        };
        let own = self.judge.own();
        self.ballots.forget(&own);
        self.cast(Phase::Roster, roster);
        true
    }

    fn tell_liars(&mut self, roster: &Roster) {
        let liars: Vec<PublicKey> = roster
            .keys()
            .filter(|key| self.barred.contains_key(key))
            .collect();
        for key in liars {
            if self.told.seated.insert(key) {
                let (id, patience) = (NodeId::of(&key), self.pace.patience);
                self.say(Event::LiarSeated { id, patience });
            }
        }
    }

    fn cast(&mut self, phase: Phase, roster: Roster) {
        let vote = Vote {
            phase,
            attempt: self.attempt.number(),
            cluster: roster.cluster(),
        };
        let vote = self.judge.pen().sign(vote);
        // A node's own votes never contradict each other: it signs one in each phase of an attempt.
        self.ballots.count(Ballot { vote, roster });
        self.speaking.changed();
    }
}

pub(super) fn ids(keys: impl Iterator<Item = PublicKey>) -> Vec<NodeId> {
    keys.map(|key| NodeId::of(&key)).collect()
}
