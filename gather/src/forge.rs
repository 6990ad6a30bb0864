//! What a liar says: packets that no correct node makes. For simulated liars, and for live ones.
//!
//! A liar signs with its own keys only. So a [`Forger`] has one key, and can say anything under it.

use std::net::SocketAddr;
use std::sync::Arc;

use quorate_protocol::{Digest, SecretKey};

use crate::hello::{Claim, Hello};
use crate::id::PublicKey;
use crate::judge::Judge;
use crate::packet::{Facts, Outside, Packet, Standing};
use crate::proof::Proof;
use crate::refusal::Refusal;
use crate::roster::Roster;
use crate::settings::{Charter, Secret, Settings, Way};
use crate::signed::Signed;
use crate::vote::{Phase, Vote};

/// A liar's pen.
pub struct Forger {
    judge: Judge,
    charter: Charter,
    secret: Option<Secret>,
}

/// What a packet says, as far as a liar cares.
#[derive(Clone, Debug)]
pub struct Heard {
    /// Where its sender is reached.
    pub reply: SocketAddr,
    /// Its sender's challenge.
    pub challenge: Digest,
    /// Who sent it.
    pub hello: Signed<Hello>,
    /// The HELLOs that it hands on.
    pub hellos: Vec<Signed<Hello>>,
    /// The rosters that its sender and others want, with their attempts.
    pub votes: Vec<(Signed<Vote>, Roster)>,
}

/// The challenges of a packet, and where its answer goes.
#[derive(Clone, Copy, Debug)]
pub struct Envelope {
    /// Where the sender says that it is reached.
    pub reply: SocketAddr,
    /// The sender's challenge.
    pub ours: Digest,
    /// The recipient's challenge, if the liar has it.
    pub theirs: Option<Digest>,
}

/// What a liar hands on.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// HELLOs of nodes that it says it has met.
    pub hellos: Vec<Signed<Hello>>,
    /// Votes with their rosters.
    pub votes: Vec<(Signed<Vote>, Roster)>,
    /// Proofs.
    pub proofs: Vec<Proof>,
}

impl Forger {
    /// A liar with this key in the group of these settings.
    #[must_use]
    pub fn new(settings: &Settings, key: SecretKey) -> Self {
        let secret = match &settings.way {
            Way::Secret(secret) => Some(secret.clone()),
            Way::Open | Way::Invited(_) => None,
        };
        Self {
            judge: Judge::new(settings, key),
            charter: settings.charter(),
            secret,
        }
    }

    /// The liar's public key.
    #[must_use]
    pub const fn key(&self) -> PublicKey {
        self.judge.own()
    }

    /// A HELLO with any content. The invitation is the liar's own.
    #[must_use]
    pub fn hello(&mut self, sequence: u64, addresses: Vec<SocketAddr>) -> Signed<Hello> {
        let claim = self.judge.claim().cloned();
        self.hello_with(sequence, addresses, claim)
    }

    /// A HELLO with any content and any invitation.
    #[must_use]
    pub fn hello_with(
        &mut self,
        sequence: u64,
        addresses: Vec<SocketAddr>,
        claim: Option<Claim>,
    ) -> Signed<Hello> {
        self.judge.pen().sign(Hello {
            sequence,
            addresses,
            claim,
        })
    }

    /// A roster of any members. `None`: nobody would take it for one.
    #[must_use]
    pub fn roster(&self, members: &[Signed<Hello>]) -> Option<Roster> {
        self.judge
            .roster(members.iter().cloned().map(Arc::new).collect())
            .ok()
    }

    /// A vote for any roster.
    #[must_use]
    pub fn vote(&mut self, phase: Phase, attempt: u64, roster: &Roster) -> Signed<Vote> {
        self.judge.pen().sign(Vote {
            phase,
            attempt,
            cluster: roster.cluster(),
        })
    }

    /// A packet with any content.
    #[must_use]
    pub fn speech(
        &mut self,
        envelope: Envelope,
        hello: Signed<Hello>,
        standing: Standing,
        said: Option<&Said>,
    ) -> Vec<u8> {
        let facts = said.map(|said| said.facts().encode());
        let charter = self.charter.clone();
        let secret = self.secret.clone();
        let outside = outside(&charter, secret.as_ref(), envelope);
        outside.speech(self.judge.pen(), hello, standing, None, facts)
    }

    /// A refusal of anybody for any reason.
    #[must_use]
    pub fn refusal(&self, envelope: Envelope, refusal: &Refusal) -> Vec<u8> {
        outside(&self.charter, self.secret.as_ref(), envelope).refusal(refusal)
    }

    /// Reads a packet. `None`: it is none of this group, or it is a refusal.
    #[must_use]
    pub fn read(&mut self, bytes: &[u8]) -> Option<Heard> {
        let packet = Packet::open(bytes)?;
        let speech = packet.as_speech()?;
        self.judge.check_hello(&speech.hello).ok()?;
        let facts = speech.facts(&mut self.judge);
        let facts = facts.and_then(Result::ok).unwrap_or_default();
        Some(Heard {
            reply: packet.reply,
            challenge: packet.ours,
            hello: speech.hello,
            hellos: facts
                .hellos
                .iter()
                .map(|hello| Signed::clone(hello))
                .collect(),
            votes: facts.votes,
        })
    }
}

const fn outside<'a>(
    charter: &'a Charter,
    secret: Option<&'a Secret>,
    envelope: Envelope,
) -> Outside<'a> {
    Outside {
        charter,
        secret,
        reply: envelope.reply,
        ours: envelope.ours,
        theirs: envelope.theirs,
    }
}

impl Said {
    fn facts(&self) -> Facts {
        Facts {
            hellos: self.hellos.iter().cloned().map(Arc::new).collect(),
            votes: self.votes.clone(),
            proofs: self.proofs.clone(),
            ..Facts::default()
        }
    }
}

impl Roster {
    /// The members' HELLOs.
    #[must_use]
    pub fn members(&self) -> Vec<Signed<Hello>> {
        self.hellos()
            .iter()
            .map(|hello| Signed::clone(hello))
            .collect()
    }
}
