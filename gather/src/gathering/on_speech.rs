//! Somebody has received this node's challenge and says who it is.

use std::net::SocketAddr;
use std::sync::Arc;

use quorate_protocol::{Duration, Time};

use super::{Barred, Gathering, Newer, Outcome};
use crate::doors::{Bucket, Who};
use crate::event::Event;
use crate::hints::Giver;
use crate::id::{NodeId, PublicKey};
use crate::mutant::Mutant;
use crate::packet::{Packet, Speech};
use crate::peers::{Peer, seat};
use crate::proof::Proof;
use crate::refusal::{BadAnswer, Refusal};
use crate::roster::Known;

/// How many signatures a node may make this node check in one second, and three times as many at once: a group of 64 nodes hands
/// on some 400.
const LABOUR: u32 = 500;

/// What reading what a node hands on costs at least, in signatures. It is twice as often as it may tell everything.
pub(super) const READING: u32 = LABOUR / (2 * TELLINGS);

/// How often in one second a node is told everything, and three times as often at once. So somebody who has something new all the
/// time does not make the others repeat everything all the time.
const TELLINGS: u32 = 10;

/// How often a node may start again at most. Whoever says so more often wants to keep the others busy.
const RENEWAL: Duration = Duration::from_millis(1_000);

/// The most keys that are known to lie.
const MOST_BARRED: usize = 256;

/// The most nodes with one invitation. A second one shows that the invitation was used twice.
const MOST_OF_SEAT: usize = 2;

impl Gathering {
    pub(super) fn on_speech(&mut self, now: Time, packet: &Packet, speech: &Speech) {
        let key = speech.hello.key;
        let address = packet.reply;
        if let Err(why) = self.check_speaker(packet, speech) {
            // Whose key it is was not shown, so only the address answers for it.
            self.bad_answer(now, address, None, why);
        } else if key == self.judge.own() {
            self.tell_own_key(address);
        } else if self.doors.is_shut(now, Who::Key(key)) {
            self.dropped += 1;
        } else if self.barred.contains_key(&key) {
            self.refuse(now, packet, Some(&key), &Refusal::Barred);
        } else if let Some(refusal) = self.has_no_room(&speech.hello) {
            self.refuse(now, packet, Some(&key), &refusal);
        } else if self.is_met(now, packet, speech) {
            self.on_facts(now, packet.reply, speech);
        }
    }

    fn check_speaker(&mut self, packet: &Packet, speech: &Speech) -> Result<(), BadAnswer> {
        let hello = &speech.hello;
        self.judge.check_hello(hello).map_err(BadAnswer::Flaw)?;
        if !speech.is_signed(packet, self.judge.pen()) {
            return Err(BadAnswer::Signature);
        }
        if !hello.value.addresses.contains(&packet.reply)
            && !self.is_mutant(Mutant::AddressNotCompared)
        {
            return Err(BadAnswer::NotItsAddress);
        }
        let found = hello.id();
        match self.hints.expected(&packet.reply) {
            Some(expected) if expected != found => Err(BadAnswer::OtherKey { expected, found }),
            _ => Ok(()),
        }
    }

    /// Why there is no room for another node.
    fn has_no_room(&self, hello: &crate::Signed<crate::Hello>) -> Option<Refusal> {
        if self.peers.has(&hello.key) || self.is_member(&hello.key) {
            return None;
        }
        if let Some(wanted) = seat(hello) {
            let same = self.peers.first_come().into_iter();
            let same: Vec<NodeId> = same
                .filter(|peer| peer.seat() == Some(wanted))
                .map(|peer| peer.hello.id())
                .collect();
            return match same.as_slice() {
                [by, and, ..] if same.len() >= MOST_OF_SEAT => {
                    let (by, and) = (*by, *and);
                    Some(Refusal::SeatTaken { by, and })
                }
                _ => None,
            };
        }
        let most = 2 * self.charter.nodes + 16;
        (self.peers.len() >= most as usize).then_some(Refusal::Full { met: most })
    }

    /// Whether a key is that of a member of this node's own cluster.
    pub(super) fn is_member(&self, key: &PublicKey) -> bool {
        matches!(&self.outcome, Outcome::Member(founded) if founded.certificate.roster().has(key))
    }

    /// The sender's key has signed a fresh challenge. Whether it is met with that.
    fn is_met(&mut self, now: Time, packet: &Packet, speech: &Speech) -> bool {
        let (key, address) = (speech.hello.key, packet.reply);
        if let Some(before) = self.peers.at(&address)
            && before != key
        {
            let (before, found) = (NodeId::of(&before), NodeId::of(&key));
            self.forget_at(&address);
            self.count_replaced(address);
            self.say_of_others(Event::Replaced {
                address,
                before,
                found,
            });
            self.count_bad_answer(now, address, None);
            if self.doors.is_shut(now, Who::Address(address)) {
                return false;
            }
        }
        let hello = Arc::new(speech.hello.clone());
        if !self.take_hello(now, &hello) {
            return false;
        }
        if !self.peers.has(&key) {
            self.meet(now, hello, packet, speech);
        }
        if self
            .peers
            .get(&key)
            .is_some_and(|peer| peer.address != address)
        {
            self.peers.moved(&key, address);
        }
        let own_facts = self.speaking.digest();
        let soon = now + self.pace.settle;
        let beat = self.pace.beat;
        let Some(peer) = self.peers.get_mut(&key) else {
            return false;
        };
        peer.heard = now;
        peer.challenge = packet.ours;
        peer.seen = speech.seen;
        peer.standing = speech.standing;
        if peer.seen != own_facts {
            // Not at once again: somebody who never sees anything would be told all the time.
            peer.next = peer.next.min(soon.max(peer.spoken + beat));
        }
        true
    }

    fn meet(&mut self, now: Time, hello: Known, packet: &Packet, speech: &Speech) {
        let address = packet.reply;
        let source = self.hints.source(&address);
        self.tell_same_seat(&hello);
        let (id, key) = (hello.id(), hello.key);
        self.peers.add(Peer {
            hello,
            address,
            order: 0,
            heard: now,
            challenge: packet.ours,
            seen: speech.seen,
            facts: None,
            standing: speech.standing,
            renewed: now,
            labour: Bucket::full(LABOUR),
            tellings: Bucket::full(TELLINGS),
            spoken: Time(0),
            next: now,
            in_full: now + self.pace.tell,
        });
        self.speaking.changed();
        if self.is_seeking() && !self.is_member(&key) {
            self.say_of_others(Event::Met {
                id,
                address,
                source,
                here: self.here(),
                nodes: self.charter.nodes,
            });
        }
    }

    fn tell_same_seat(&mut self, hello: &Known) {
        let Some(seat) = seat(hello) else {
            return;
        };
        let same = self.peers.all().find(|peer| peer.seat() == Some(seat));
        if let Some(one) = same.map(|peer| peer.hello.id())
            && self.told.seats.insert(seat)
        {
            let other = hello.id();
            self.say(Event::SeatTwice { one, other });
        }
    }

    fn tell_own_key(&mut self, address: SocketAddr) {
        if self.told.own_key.len() < 16 && self.told.own_key.insert(address) {
            self.say(Event::OwnKeyElsewhere { address });
        }
    }

    /// Compares a checked HELLO with what is known of its key. Whether the key is not proved to lie.
    pub(super) fn take_hello(&mut self, now: Time, hello: &Known) -> bool {
        let founded = self.founding().map(|founding| founding.roster());
        let in_roster = founded.and_then(|roster| {
            let place = roster.place(&hello.key)?;
            roster.hellos().get(place)
        });
        let met = self.peers.get(&hello.key).map(|peer| &peer.hello);
        let proof = [met, in_roster].into_iter().flatten();
        let proof = proof
            .filter_map(|known| Proof::of_hellos(known, hello))
            .next();
        if let Some(proof) = proof {
            self.bar(now, proof);
            return false;
        }
        self.take_newer(now, hello);
        true
    }

    fn take_newer(&mut self, now: Time, hello: &Known) {
        if let Some(peer) = self.peers.get_mut(&hello.key)
            && peer.hello.value.sequence < hello.value.sequence
            && now >= peer.renewed + RENEWAL
        {
            peer.hello = hello.clone();
            peer.renewed = now;
            self.speaking.changed();
        }
        self.take_newer_of_member(now, hello);
    }

    fn take_newer_of_member(&mut self, now: Time, hello: &Known) {
        let Outcome::Member(founded) = &mut self.outcome else {
            return;
        };
        let roster = founded.certificate.roster();
        let of_roster = roster
            .place(&hello.key)
            .map(|place| &roster.hellos()[place]);
        let newer = self.newer.get(&hello.key);
        let known = newer.map(|newer| &newer.hello).or(of_roster);
        let is_newer = known.is_some_and(|known| known.value.sequence < hello.value.sequence);
        if !is_newer || newer.is_some_and(|newer| now < newer.since + RENEWAL) {
            return;
        }
        let (hello, since) = (hello.clone(), now);
        self.newer.insert(
            hello.key,
            Newer {
                hello: hello.clone(),
                since,
            },
        );
        self.speaking.changed();
        let mut members = founded.members.iter_mut();
        if let Some(member) = members.find(|member| member.key == hello.key)
            && member.addresses != hello.value.addresses
        {
            member.addresses.clone_from(&hello.value.addresses);
            let (id, addresses) = (member.id, member.addresses.clone());
            self.say(Event::Moved { id, addresses });
        }
    }

    /// A key is proved to lie: nothing that it says counts any more.
    pub(super) fn bar(&mut self, now: Time, proof: Proof) {
        let key = proof.key();
        let is_known = self.barred.contains_key(&key) || key == self.judge.own();
        if is_known || self.is_mutant(Mutant::NothingProved) {
            return;
        }
        let is_near = self.peers.has(&key) || self.is_member(&key);
        let hello = self.forget(&key).or_else(|| self.hello_in_ballots(&key));
        let was_known = hello.is_some() || self.is_member(&key);
        let hello = hello.or_else(|| proof.hello().cloned().map(Arc::new));
        if self.barred.len() >= MOST_BARRED {
            self.forget_barred();
        }
        let proved = Event::Proved(Box::new(proof.clone()));
        if is_near {
            self.say(proved);
        } else {
            self.say_of_others(proved);
        }
        let since = now;
        self.barred.insert(
            key,
            Barred {
                proof,
                since,
                hello,
                was_known,
            },
        );
        self.speaking.changed();
    }

    /// Forgets the key that was barred first. It is barred again as soon as somebody shows its proof again.
    fn forget_barred(&mut self) {
        let oldest = self.barred.iter().min_by_key(|(_, one)| one.since);
        if let Some(key) = oldest.map(|(key, _)| *key) {
            self.barred.remove(&key);
        }
    }

    fn hello_in_ballots(&self, key: &PublicKey) -> Option<Known> {
        let rosters = self.ballots.all().map(|ballot| &ballot.roster);
        let mut hellos = rosters.flat_map(|roster| roster.hellos());
        hellos.find(|hello| hello.key == *key).cloned()
    }

    /// Forgets whoever was met at an address.
    fn forget_at(&mut self, address: &SocketAddr) {
        if let Some(key) = self.peers.at(address) {
            self.forget(&key);
        }
    }

    /// Forgets a node, and what it voted; its HELLO.
    pub(super) fn forget(&mut self, key: &PublicKey) -> Option<Known> {
        let peer = self.peers.remove(key)?;
        self.ballots.forget(key);
        self.speaking.changed();
        Some(peer.hello)
    }

    /// Forgets nodes that were silent for too long. They are called again.
    pub(super) fn forget_silent(&mut self, now: Time) {
        let silent: Vec<(PublicKey, SocketAddr)> = self
            .peers
            .all()
            .filter(|peer| now >= peer.heard + self.pace.forget)
            .map(|peer| (peer.key(), peer.address))
            .collect();
        for (key, address) in silent {
            self.forget(&key);
            self.add_hint(now, address, Giver::Node(key), None);
            if self.is_seeking() {
                self.say_of_others(Event::Silent {
                    id: NodeId::of(&key),
                    address,
                    silent: self.pace.forget,
                    here: self.here(),
                    nodes: self.charter.nodes,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use quorate_protocol::Time;

    use super::MOST_BARRED;
    use crate::event::Event;
    use crate::forge::Forger;
    use crate::gathering::support::{at, key, settings};
    use crate::hints::Unanswered;
    use crate::proof::Proof;
    use crate::{Effect, Gathering};

    fn node() -> Gathering {
        Gathering::new(settings(1, 4), key(1), [0; 32]).unwrap()
    }

    /// A proof that the key of a port has signed two HELLOs with one number.
    fn proof(port: u16) -> Proof {
        let mut liar = Forger::new(&settings(port, 4), key(port));
        let [one, other] = [at(port), at(2)].map(|address| liar.hello(1, vec![address]));
        Proof::of_hellos(&one, &other).unwrap()
    }

    #[test]
    fn of_too_many_keys_that_are_proved_to_lie_the_first_is_forgotten() {
        let mut node = node();
        let ports = 1_000..1_000 + u16::try_from(MOST_BARRED).unwrap() + 10;
        for (port, now) in ports.clone().zip(0..) {
            node.bar(Time(now), proof(port));
        }
        assert_eq!(node.barred.len(), MOST_BARRED);
        let is_barred = |port: u16| node.barred.contains_key(&key(port).public());
        assert!(ports.clone().take(10).all(|port| !is_barred(port)));
        assert!(ports.skip(10).all(is_barred));
    }

    #[test]
    fn of_addresses_that_others_named_one_in_a_second_is_told_as_not_answering() {
        let mut node = node();
        let mut told = 0;
        for tenth in 0..30 {
            let now = Time(1_000_000 + tenth * 100_000);
            for port in 0..50 {
                let unanswered = Unanswered {
                    address: at(2_000 + port),
                    tries: 3,
                    next: quorate_protocol::Duration::from_millis(1_000),
                };
                node.tell_unanswered(now, &unanswered);
            }
            let effects = std::mem::take(&mut node.effects).into_iter();
            told += effects
                .filter(|effect| matches!(effect, Effect::Event(Event::Unanswered { .. })))
                .count();
        }
        assert_eq!(told, 3);
    }
}
