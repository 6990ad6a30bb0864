//! What a node that was met hands on.

use std::net::SocketAddr;

use quorate_protocol::Time;

use super::Gathering;
use super::on_speech::READING;
use crate::ballots::{Ballot, Counted};
use crate::certificate::Certificate;
use crate::hints::{Giver, MOST_OF_EACH};
use crate::id::PublicKey;
use crate::judge::Flaw;
use crate::mutant::Mutant;
use crate::packet::{Facts, Speech};
use crate::peers::Peer;
use crate::proof::Proof;
use crate::refusal::BadAnswer;
use crate::roster::{Known, Roster};
use crate::signed::Signed;
use crate::vote::Vote;

/// The most proved liars of whom only the proof is known.
const MOST_UNKNOWN: usize = 16;

impl Gathering {
    pub(super) fn on_facts(&mut self, now: Time, address: SocketAddr, speech: &Speech) {
        let key = speech.hello.key;
        match self.read_facts(now, speech) {
            None => {}
            Some(Err(flaw)) => self.bad_answer(now, address, Some(&key), BadAnswer::Flaw(flaw)),
            Some(Ok(facts)) => {
                if let Some(peer) = self.peers.get_mut(&key)
                    && peer.facts != speech.facts_digest()
                {
                    peer.facts = speech.facts_digest();
                    // So that the sender need not say it again.
                    peer.next = peer.next.min(now + self.pace.settle);
                }
                self.take_facts(now, &key, facts);
            }
        }
    }

    /// Reads and checks facts, unless their sender has made this node check too much already. It will say them again.
    fn read_facts(&mut self, now: Time, speech: &Speech) -> Option<Result<Facts, Flaw>> {
        let before = self.judge.checked();
        let may = |peer: &mut Peer| peer.labour.has_one(now);
        if !self.peers.get_mut(&speech.hello.key).is_some_and(may) {
            self.dropped += 1;
            return None;
        }
        let facts = speech.facts(&mut self.judge);
        let checked = u32::try_from(self.judge.checked() - before).unwrap_or(u32::MAX);
        let is_counted = !self.is_mutant(Mutant::ChecksUnbounded);
        if let Some(peer) = self.peers.get_mut(&speech.hello.key).filter(|_| is_counted) {
            // What is known already is compared with all that is known, again and again.
            let read = if facts.is_some() { READING } else { 0 };
            peer.labour.spend(checked.max(read));
        }
        facts
    }

    fn take_facts(&mut self, now: Time, from: &PublicKey, facts: Facts) {
        for proof in facts.proofs {
            self.on_proof(now, proof);
        }
        let mut room = MOST_OF_EACH;
        for hello in &facts.hellos {
            self.on_relayed(now, from, hello, &mut room);
        }
        for (vote, roster) in facts.votes {
            self.on_vote(now, vote, roster);
        }
        if let Some(lock) = facts.lock {
            self.on_lock(now, lock);
        }
        if let Some(founding) = facts.founding {
            self.on_founding(now, founding);
        }
    }

    /// A proof counts if it is about somebody who matters here: somebody who is known, or who may get a seat because nobody else
    /// comes. Of those who are not known a few are enough.
    fn on_proof(&mut self, now: Time, proof: Proof) {
        let key = proof.key();
        let is_known = self.peers.has(&key)
            || self.is_member(&key)
            || self.ballots.all().any(|ballot| ballot.roster.has(&key));
        let may_be_seated = self.is_seeking()
            && proof.hello().is_some()
            && !self.is_mutant(Mutant::StrangersNotProved)
            && (self.barred.values().filter(|one| !one.was_known).count() < MOST_UNKNOWN
                || self.is_mutant(Mutant::StrangersUnbounded));
        if is_known || may_be_seated {
            self.bar(now, proof);
        }
    }

    /// A node that the sender has met. Its HELLO is checked, but whether it is still there is not known: it is called. `room`: how
    /// many new addresses may still be taken of this sender at once.
    fn on_relayed(&mut self, now: Time, from: &PublicKey, hello: &Known, room: &mut usize) {
        if hello.key == self.judge.own() || self.barred.contains_key(&hello.key) {
            return;
        }
        if self.take_hello(now, hello) && !self.peers.has(&hello.key) {
            for address in &hello.value.addresses {
                if !self.hints.has(address) && *room > 0 {
                    *room -= 1;
                    self.add_hint(now, *address, Giver::Node(*from), None);
                }
            }
        }
    }

    /// A vote counts if the voter was met. The own votes are known better here.
    fn on_vote(&mut self, now: Time, vote: Signed<Vote>, roster: Roster) {
        self.compare_hellos(now, &roster);
        if !self.peers.has(&vote.key) {
            return;
        }
        match self.ballots.count(Ballot { vote, roster }) {
            Counted::Known => {}
            Counted::New => self.speaking.changed(),
            Counted::Contradicts(proof) => self.bar(now, *proof),
        }
    }

    /// Looks for members who have signed another HELLO than the one of a roster.
    pub(super) fn compare_hellos(&mut self, now: Time, roster: &Roster) {
        let own = self.judge.own();
        for hello in roster.hellos().iter().filter(|hello| hello.key != own) {
            self.take_hello(now, hello);
        }
    }

    fn on_lock(&mut self, now: Time, lock: Certificate) {
        for vote in lock.votes() {
            let roster = lock.roster().clone();
            self.on_vote(now, vote, roster);
        }
        self.keep_to(now, lock);
    }
}
