//! Nodes that say what no correct node says: they answer challenges, and lie in what they sign.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use quorate_gather::forge::{Envelope, Forger, Heard, Said};
use quorate_gather::{Hello, Phase, Proof, Refusal, Roster, Settings, Signed, Standing};
use quorate_protocol::{Digest, Duration, SecretKey, Time};

use super::plan::Lie;
use crate::network::millis;

/// The most rosters that a liar votes for in one packet.
const MOST_VOTES: usize = 8;

/// A liar does not answer the same address more often.
const PAUSE: Duration = Duration::from_millis(50);

/// A liar that signs what it likes under its own key.
pub(super) struct Liar {
    lie: Lie,
    forger: Forger,
    address: SocketAddr,
    /// A made-up node.
    phantom: Signed<Hello>,
    known: BTreeMap<SocketAddr, Signed<Hello>>,
    calls: BTreeSet<SocketAddr>,
    /// When it answered each address last.
    answered: BTreeMap<SocketAddr, Time>,
    /// The rosters that others want, with the latest attempt of each.
    rosters: Vec<(u64, Roster)>,
}

impl Liar {
    pub(super) fn new(
        lie: Lie,
        settings: &Settings,
        key: SecretKey,
        phantom: SecretKey,
        joins: &[SocketAddr],
    ) -> Self {
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
        Self {
            lie,
            forger: Forger::new(settings, key),
            address: settings.addresses[0],
            phantom: Forger::new(settings, phantom).hello(1, vec![nowhere]),
            known: BTreeMap::new(),
            calls: joins.iter().copied().collect(),
            answered: BTreeMap::new(),
            rosters: Vec::new(),
        }
    }

    /// Calls everybody.
    pub(super) fn call(&mut self, now: Time) -> Vec<(SocketAddr, Vec<u8>)> {
        let late = |to: &SocketAddr| matches!(self.lie, Lie::Late(ms) if is_one_half(*to) && now < millis(ms));
        let called: Vec<SocketAddr> = self.calls.iter().copied().filter(|to| !late(to)).collect();
        called
            .into_iter()
            .map(|to| (to, self.speak(to, None, None)))
            .collect()
    }

    /// Answers a packet.
    pub(super) fn hear(&mut self, now: Time, bytes: &[u8]) -> Vec<(SocketAddr, Vec<u8>)> {
        let Some(heard) = self.forger.read(bytes) else {
            return Vec::new();
        };
        let (to, challenge) = (heard.reply, heard.challenge);
        if matches!(self.lie, Lie::Late(ms) if is_one_half(to) && now < millis(ms)) {
            return Vec::new();
        }
        let before = self.answered.get(&to);
        if to == self.address || before.is_some_and(|before| now < *before + PAUSE) {
            return Vec::new();
        }
        self.answered.insert(to, now);
        if self.calls.len() < 64 {
            self.calls.insert(to);
        }
        self.learn(heard);
        let said = self.says(to);
        let speech = self.speak(to, Some(challenge), Some(&said));
        let mut packets = vec![(to, speech)];
        if self.lie == Lie::Invalid {
            let envelope = self.envelope(Some(challenge));
            packets.push((to, self.forger.refusal(envelope, &Refusal::Secret)));
        }
        packets
    }

    fn learn(&mut self, heard: Heard) {
        self.known.insert(heard.reply, heard.hello);
        for hello in heard.hellos {
            let address = hello.value.addresses.first().copied();
            self.calls
                .extend(address.filter(|address| *address != self.address));
        }
        for (vote, roster) in heard.votes {
            self.rosters.retain(|(_, known)| *known != roster);
            self.rosters.push((vote.value.attempt, roster));
            if self.rosters.len() > MOST_VOTES {
                self.rosters.remove(0);
            }
        }
    }

    const fn envelope(&self, theirs: Option<Digest>) -> Envelope {
        Envelope {
            reply: self.address,
            ours: Digest([7; 32]),
            theirs,
        }
    }

    fn speak(&mut self, to: SocketAddr, theirs: Option<Digest>, said: Option<&Said>) -> Vec<u8> {
        let hello = self.hello_for(to);
        let envelope = self.envelope(theirs);
        self.forger.speech(envelope, hello, Standing::Seeking, said)
    }

    /// Who it says that it is. With two HELLOs: to some this, to others that.
    fn hello_for(&mut self, to: SocketAddr) -> Signed<Hello> {
        let mut addresses = vec![self.address];
        if self.lie == Lie::TwoHellos && is_one_half(to) {
            addresses.push(SocketAddr::from(([127, 0, 0, 1], 10)));
        }
        self.forger.hello(1, addresses)
    }

    fn says(&mut self, to: SocketAddr) -> Said {
        let hellos: Vec<Signed<Hello>> = self.known.values().cloned().collect();
        let mut said = Said {
            hellos,
            ..Said::default()
        };
        match self.lie {
            Lie::Invalid if is_one_half(to) => {
                let hello = self.hello_for(to);
                said.proofs.push(Proof::Hellos(hello.clone(), hello));
            }
            // The HELLO of somebody else, as if it were at the liar's address.
            Lie::Invalid => {
                let known = self
                    .known
                    .values()
                    .find(|hello| hello.key != self.forger.key());
                said.hellos.extend(known.cloned().map(|mut hello| {
                    hello.value.addresses = vec![self.address];
                    hello
                }));
            }
            Lie::ForgedHints => said.hellos.push(self.phantom.clone()),
            Lie::Late(_) => {}
            _ => said.votes = self.votes_for(to),
        }
        said
    }

    /// Its votes in all attempts that it knows of, in both phases at once.
    fn votes_for(&mut self, to: SocketAddr) -> Vec<(Signed<quorate_gather::Vote>, Roster)> {
        let own = self.forger.key();
        let mut votes = Vec::new();
        for (attempt, roster) in self.rosters.clone() {
            let roster = match self.lie {
                Lie::TwoRosters if is_one_half(to) => self.with_phantom(&roster),
                _ => Some(roster),
            };
            if let Some(roster) = roster.filter(|roster| roster.has(&own)) {
                let attempt = self.attempt_for(to, attempt);
                for phase in [Phase::Roster, Phase::Found] {
                    votes.push((self.forger.vote(phase, attempt, &roster), roster.clone()));
                }
            }
        }
        votes
    }

    /// The attempt in which it votes: to some one that nobody can reach, to others one that comes soon.
    fn attempt_for(&self, to: SocketAddr, attempt: u64) -> u64 {
        match self.lie {
            Lie::Attempts if is_one_half(to) => u64::MAX,
            Lie::Attempts => attempt.saturating_add(100),
            _ => attempt,
        }
    }

    /// The same roster with a made-up node in place of a member.
    fn with_phantom(&mut self, roster: &Roster) -> Option<Roster> {
        let own = self.forger.key();
        let mut members = roster.members();
        let place = members.iter().position(|member| member.key != own)?;
        members[place] = self.phantom.clone();
        self.forger.roster(&members)
    }
}

fn is_one_half(to: SocketAddr) -> bool {
    // The port tells whose address it is; see `world::address`.
    (to.port() / 100).is_multiple_of(2)
}
