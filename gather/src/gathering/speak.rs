//! What a node sends.

use std::net::SocketAddr;

use quorate_protocol::{Digest, Time};

use super::{Effect, Gathering, Outcome};
use crate::certificate::Certificate;
use crate::id::PublicKey;
use crate::mutant::Mutant;
use crate::packet::{self, Challenge, Facts, Outside, Packet, Standing};
use crate::peers::Peer;
use crate::proof::Proof;
use crate::refusal::Refusal;
use crate::roster::Known;

/// What is told to all nodes that were met.
#[derive(Default)]
pub(super) struct Speaking {
    facts: Vec<u8>,
    digest: Option<Digest>,
    is_old: bool,
}

impl Speaking {
    /// There is something new to tell.
    pub(super) const fn changed(&mut self) {
        self.is_old = true;
    }

    /// The digest of what was told last.
    pub(super) const fn digest(&self) -> Option<Digest> {
        self.digest
    }
}

impl Gathering {
    /// Speaks to all nodes whose turn it is.
    pub(super) fn speak(&mut self, now: Time) {
        self.collect_news(now);
        let due: Vec<PublicKey> = self
            .peers
            .all()
            .filter(|peer| now >= peer.next)
            .map(Peer::key)
            .collect();
        for key in due {
            self.speak_to(now, &key);
        }
    }

    fn collect_news(&mut self, now: Time) {
        if !self.speaking.is_old && self.speaking.digest.is_some() {
            return;
        }
        self.speaking.is_old = false;
        let facts = self.facts().encode();
        let digest = Some(packet::digest(&facts));
        if self.speaking.digest == digest {
            return;
        }
        self.speaking.facts = facts;
        self.speaking.digest = digest;
        let soon = now + self.pace.settle;
        for peer in self.peers.all_mut() {
            peer.next = peer.next.min(soon);
        }
    }

    /// Everything that this node hands on. Once it has a cluster, that is the founding, and where members are reached since then.
    fn facts(&self) -> Facts {
        let own: Known = std::sync::Arc::new(self.hello.clone());
        let met = self.peers.all().filter(|_| self.is_seeking());
        let met = met.map(|peer| peer.hello.clone());
        let newer = self.newer.values().map(|newer| newer.hello.clone());
        let mut facts = Facts {
            hellos: std::iter::once(own).chain(met).chain(newer).collect(),
            founding: self
                .founding()
                .filter(|_| !self.is_mutant(Mutant::FoundingNotTold))
                .cloned(),
            proofs: self.proofs(),
            ..Facts::default()
        };
        if self.is_seeking() {
            facts.lock.clone_from(&self.lock);
            let ballots = self.ballots.all();
            facts.votes = ballots
                .map(|ballot| (ballot.vote.clone(), ballot.roster.clone()))
                .collect();
            let own = self.judge.own();
            facts.votes.sort_by_key(|(vote, _)| vote.key != own);
        }
        facts
    }

    /// The proofs, those about members of the wanted roster first, then the oldest first.
    fn proofs(&self) -> Vec<Proof> {
        let wanted = self.wants().or(self.founding().map(Certificate::roster));
        let is_member = |key: &PublicKey| wanted.is_some_and(|roster| roster.has(key));
        let told = |_: &(_, _)| !self.is_mutant(Mutant::ProofsNotTold);
        let mut barred: Vec<_> = self.barred.iter().filter(told).collect();
        barred.sort_by_key(|(key, one)| (!is_member(key), one.since));
        barred.iter().map(|(_, one)| one.proof.clone()).collect()
    }

    /// Speaks to a node that was met.
    fn speak_to(&mut self, now: Time, key: &PublicKey) {
        let own_digest = self.speaking.digest;
        let is_bounded = !self.is_mutant(Mutant::RepeatsUnbounded);
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        let in_full = peer.seen != own_digest || now >= peer.in_full;
        if in_full && is_bounded && !peer.tellings.take(now) {
            peer.next = peer.tellings.next();
            return;
        }
        if in_full {
            peer.in_full = now + self.pace.tell;
        }
        peer.spoken = now;
        peer.next = now + self.pace.beat;
        let (address, challenge, seen) = (peer.address, peer.challenge, peer.facts);
        if self.is_content(key) {
            self.rest(key);
        }
        let facts = in_full.then(|| self.speaking.facts.clone());
        self.send_speech(now, address, Some(challenge), seen, facts);
    }

    /// Whether a node knows of this node's cluster, so that there is nothing more to say to it.
    fn is_content(&self, key: &PublicKey) -> bool {
        let ours = self.founding().map(|ours| ours.roster().cluster());
        let standing = self.peers.get(key).map(|peer| peer.standing);
        match standing {
            Some(Standing::Member(theirs) | Standing::Watching(theirs)) => ours == Some(theirs),
            Some(Standing::Seeking) | None => false,
        }
    }

    /// This was the last word to a node, unless it speaks again.
    fn rest(&mut self, key: &PublicKey) {
        if self.is_member(key) {
            self.content.insert(*key);
        }
        if let Some(peer) = self.peers.get_mut(key) {
            peer.next = Time(u64::MAX);
        }
    }

    /// Speaks to an address where nobody was met. `theirs`: the challenge that came from there.
    pub(super) fn speak_to_stranger(
        &mut self,
        now: Time,
        address: SocketAddr,
        theirs: Option<Challenge>,
    ) {
        self.send_speech(now, address, theirs, None, None);
    }

    fn send_speech(
        &mut self,
        now: Time,
        to: SocketAddr,
        theirs: Option<Challenge>,
        seen: Option<Digest>,
        facts: Option<Vec<u8>>,
    ) {
        let standing = match &self.outcome {
            Outcome::Seeking => Standing::Seeking,
            Outcome::Member(founded) => Standing::Member(founded.cluster),
            Outcome::Watching(founding) => Standing::Watching(founding.roster().cluster()),
        };
        let ours = self.challenge(now, &to);
        let hello = self.hello.clone();
        let outside = Outside {
            charter: &self.charter,
            secret: self.secret.as_ref(),
            reply: self.addresses[0],
            ours,
            theirs,
        };
        let bytes = outside.speech(self.judge.pen(), hello, standing, seen, facts);
        self.effects.push(Effect::Send { to, bytes });
    }

    /// Answers a packet with a refusal.
    pub(super) fn send_refusal(&mut self, now: Time, packet: &Packet, refusal: &Refusal) {
        let to = packet.reply;
        let outside = Outside {
            charter: &self.charter,
            secret: self.secret.as_ref(),
            reply: self.addresses[0],
            ours: self.challenge(now, &to),
            theirs: Some(packet.ours),
        };
        let bytes = outside.refusal(refusal);
        self.effects.push(Effect::Send { to, bytes });
    }

    /// The founding that is remembered; see `restore`.
    pub(super) fn own_founding(&self) -> Option<&Certificate> {
        match &self.outcome {
            Outcome::Member(founded) => Some(&founded.certificate),
            Outcome::Seeking | Outcome::Watching(_) => None,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::net::SocketAddr;

    use quorate_protocol::{Digest, Time};

    use super::Standing;
    use crate::forge::{Envelope, Forger};
    use crate::gathering::support::{at, key, settings};
    use crate::hints::Source;
    use crate::{Effect, Gathering, Input};

    fn packets(effects: Vec<Effect>) -> impl Iterator<Item = (SocketAddr, Vec<u8>)> {
        effects.into_iter().filter_map(|effect| match effect {
            Effect::Send { to, bytes } => Some((to, bytes)),
            _ => None,
        })
    }

    fn packet(from: SocketAddr, bytes: Vec<u8>) -> Input {
        let from = from.ip();
        Input::Packet { from, bytes }
    }

    /// Two nodes that have founded a cluster and know it of each other, and the time.
    fn founded() -> ([Gathering; 2], Time) {
        let mut nodes =
            [1, 2].map(|port| Gathering::new(settings(port, 2), key(port), [0; 32]).unwrap());
        let mut now = Time(0);
        let mut sent: Vec<_> =
            packets(nodes[0].step(now, Input::hint(at(2), None, Source::Join))).collect();
        while !nodes.iter().all(|node| node.content.len() == 1) {
            assert!(now < Time(60_000_000), "in vain");
            now = Time(now.0 + 10_000);
            let arrived = std::mem::take(&mut sent);
            for (to, bytes) in arrived {
                let node = &mut nodes[usize::from(to.port() - 1)];
                sent.extend(packets(node.step(now, packet(to, bytes))));
            }
            for node in &mut nodes {
                sent.extend(packets(node.step(now, Input::Wake)));
            }
        }
        (nodes, now)
    }

    #[test]
    fn only_members_are_remembered_as_knowing_of_the_founding() {
        let ([mut node, _], now) = founded();
        let cluster = node.founded().unwrap().cluster;
        let mut met = 0;
        for port in 10..40 {
            let mut forger = Forger::new(&settings(port, 2), key(port));
            let hello = forger.hello(1, vec![at(port)]);
            let mut envelope = Envelope {
                reply: at(port),
                ours: Digest::of(&[b"a challenge"]),
                theirs: None,
            };
            let call = forger.speech(envelope, hello.clone(), Standing::Seeking, None);
            let mut answers = packets(node.step(now, packet(at(port), call)));
            let (_, answer) = answers.find(|(to, _)| *to == at(port)).unwrap();
            envelope.theirs = Some(forger.read(&answer).unwrap().challenge);
            let claim = forger.speech(envelope, hello, Standing::Member(cluster), None);
            node.step(now, packet(at(port), claim));
            met += usize::from(node.peers.has(&key(port).public()));
        }
        assert!(met > 10, "{met}");
        node.step(Time(now.0 + 1_000_000), Input::Wake);
        assert!(node.content.iter().eq([&key(2).public()]));
    }
}
