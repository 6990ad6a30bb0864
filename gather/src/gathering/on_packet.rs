//! A packet at the door. What costs little is looked at first.

use std::net::{IpAddr, SocketAddr};

use quorate_protocol::{Digest, Time};

use super::{Gathering, Outcome};
use crate::doors::{Shut, TRIES, Who};
use crate::event::Event;
use crate::id::{NodeId, PublicKey};
use crate::mutant::Mutant;
use crate::packet::{Challenge, Kind, MOST_BYTES, Packet};
use crate::refusal::{BadAnswer, Refusal};
use crate::settings::{VERSION, is_reachable};
use crate::signed::encode;

/// The most addresses of which it is remembered that another key has answered there.
const MOST_REPLACED: usize = 512;

impl Gathering {
    pub(super) fn on_packet(&mut self, now: Time, from: IpAddr, bytes: &[u8]) {
        let packet = (bytes.len() <= MOST_BYTES)
            .then(|| Packet::open(bytes))
            .flatten();
        let Some(packet) = packet else {
            self.dropped += 1;
            return;
        };
        let reply = packet.reply;
        if !is_reachable(&reply)
            || self.addresses.contains(&reply)
            || self.doors.is_shut(now, Who::Address(reply))
        {
            self.dropped += 1;
        } else if self.is_answered(now, &packet) {
            self.on_answer(now, &packet);
        } else if self.callers.take(now, from) {
            self.on_call(now, &packet);
        } else {
            self.dropped += 1;
        }
    }

    /// The challenge for an address. Only who receives packets there can know it.
    pub(super) fn challenge(&self, now: Time, address: &SocketAddr) -> Challenge {
        self.challenge_of(now.0 / self.pace.fresh.0.max(1), address)
    }

    /// Once another key has answered at an address, what the key before has signed there is worth nothing: it may come late, or be
    /// played again.
    fn challenge_of(&self, period: u64, address: &SocketAddr) -> Challenge {
        let replaced = self.replaced.get(address).copied().unwrap_or_default();
        let address = encode(&(address, replaced));
        Digest::of(&[b"challenge", &self.seed, &period.to_le_bytes(), &address])
    }

    /// Another key answers at an address than before.
    pub(super) fn count_replaced(&mut self, address: SocketAddr) {
        if self.is_mutant(Mutant::OldKeyCounts) {
            return;
        }
        if self.replaced.len() >= MOST_REPLACED && !self.replaced.contains_key(&address) {
            self.replaced.pop_first();
        }
        *self.replaced.entry(address).or_default() += 1;
    }

    /// Whether the sender has received this node's challenge at the address that it names, not long ago.
    fn is_answered(&self, now: Time, packet: &Packet) -> bool {
        if self.is_mutant(Mutant::ChallengeNotChecked) {
            return true;
        }
        let period = now.0 / self.pace.fresh.0.max(1);
        packet.theirs.is_some_and(|theirs| {
            [period, period.saturating_sub(1)]
                .iter()
                .any(|period| theirs == self.challenge_of(*period, &packet.reply))
        })
    }

    /// Somebody calls. Nothing is known of the sender, not even that the address is its own: it gets a challenge.
    fn on_call(&mut self, now: Time, packet: &Packet) {
        if packet.kind == Kind::Refusal {
            // It refuses nothing that this node asked.
            self.dropped += 1;
        } else if let Some(refusal) = self.mismatch(packet) {
            self.refuse(now, packet, None, &refusal);
        } else {
            self.speak_to_stranger(now, packet.reply, Some(packet.ours));
        }
    }

    /// Somebody has received this node's challenge, so what is wrong with the packet is the sender's fault.
    fn on_answer(&mut self, now: Time, packet: &Packet) {
        if !self.correspondents.take(now, packet.reply) {
            self.dropped += 1;
            return;
        }
        if packet.kind == Kind::Refusal {
            self.on_refusal(now, packet);
            return;
        }
        if let Some(refusal) = self.mismatch(packet) {
            // The bad answer shuts it out, and tells so.
            let _ = self.tell_refused(now, packet, None, &refusal);
            self.count_bad_answer(now, packet.reply, None);
            return;
        }
        match packet.as_speech() {
            Some(speech) => self.on_speech(now, packet, &speech),
            None => self.bad_answer(now, packet.reply, None, BadAnswer::Unreadable),
        }
    }

    fn on_refusal(&mut self, now: Time, packet: &Packet) {
        let address = packet.reply;
        match packet.as_refusal() {
            // A member that is founded needs nobody any more.
            Some(_) if matches!(self.outcome, Outcome::Member(_)) => {}
            Some(why) => {
                self.say_of_others(Event::RefusedBy { address, why });
                self.count_bad_answer(now, address, None);
            }
            None => self.bad_answer(now, address, None, BadAnswer::Unreadable),
        }
    }

    /// What does not match between the packet and this node.
    fn mismatch(&self, packet: &Packet) -> Option<Refusal> {
        let (ours, yours) = (&self.charter, &packet.charter);
        if packet.version != VERSION {
            Some(Refusal::Version {
                ours: VERSION,
                yours: packet.version,
            })
        } else if ours.group != yours.group {
            Some(Refusal::Group {
                ours: ours.group.clone(),
                yours: yours.group.clone(),
            })
        } else if ours.nodes != yours.nodes {
            let (ours, yours) = (ours.nodes, yours.nodes);
            Some(Refusal::Nodes { ours, yours })
        } else if ours.entry != yours.entry {
            let (ours, yours) = (ours.entry, yours.entry);
            Some(Refusal::Entry { ours, yours })
        } else if !packet.knows(self.secret.as_ref()) {
            Some(Refusal::Secret)
        } else {
            None
        }
    }

    /// Tells somebody, a few times, that it is refused and why. Then it gets no answer for a while.
    pub(super) fn refuse(
        &mut self,
        now: Time,
        packet: &Packet,
        key: Option<&PublicKey>,
        refusal: &Refusal,
    ) {
        if let Some(shut) = self.tell_refused(now, packet, key, refusal) {
            self.say_of_others(Event::ShutOut {
                address: packet.reply,
                id: key.map(NodeId::of),
                tries: TRIES,
                lasts: shut.lasts,
            });
        }
    }

    fn tell_refused(
        &mut self,
        now: Time,
        packet: &Packet,
        key: Option<&PublicKey>,
        refusal: &Refusal,
    ) -> Option<Shut> {
        let address = packet.reply;
        let who = Who::Address(address);
        if self.refusals.is_shut(now, who) {
            self.dropped += 1;
            return None;
        }
        let shut = self.refusals.count(now, who);
        self.send_refusal(now, packet, refusal);
        self.say_of_others(Event::Refused {
            address,
            id: key.map(NodeId::of),
            why: BadAnswer::Refused(refusal.clone()),
        });
        shut
    }

    /// Somebody gave a bad answer.
    pub(super) fn bad_answer(
        &mut self,
        now: Time,
        address: SocketAddr,
        key: Option<&PublicKey>,
        why: BadAnswer,
    ) {
        let id = key.map(NodeId::of);
        self.say_of_others(Event::Refused { address, id, why });
        self.count_bad_answer(now, address, key);
    }

    /// Counts a bad answer of an address, and of the key that signed it. After three of them both are shut out.
    pub(super) fn count_bad_answer(
        &mut self,
        now: Time,
        address: SocketAddr,
        key: Option<&PublicKey>,
    ) {
        if self.is_mutant(Mutant::NobodyShutOut) {
            return;
        }
        let by_address = self.doors.count(now, Who::Address(address));
        let by_key = key.and_then(|key| self.doors.count(now, Who::Key(*key)));
        let Some(shut) = by_address.or(by_key) else {
            return;
        };
        self.hints.put_off(&address, now + shut.lasts);
        if let Some(key) = self.peers.at(&address) {
            self.forget(&key);
        }
        self.say_of_others(Event::ShutOut {
            address,
            id: key.map(NodeId::of),
            tries: TRIES,
            lasts: shut.lasts,
        });
    }
}
