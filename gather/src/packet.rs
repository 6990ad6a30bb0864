//! Packets: what one node sends to another. One packet is one call.
//!
//! A packet names what must match, a challenge to its recipient and, if there is one, the recipient's own challenge. Those are
//! cheap to compare, so a node opens and checks the rest only for somebody who has received its challenge at the address that
//! the packet names.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use hmac::{Hmac, KeyInit as _, Mac as _};
use quorate_protocol::{ClusterId, Digest};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use sha2::Sha256;

use crate::certificate::Certificate;
use crate::hello::Hello;
use crate::judge::{Flaw, Judge};
use crate::proof::Proof;
use crate::refusal::Refusal;
use crate::roster::{Known, Roster};
use crate::settings::{Charter, Secret, VERSION};
use crate::signed::{Pen, Signature, Signed, encode};
use crate::vote::{Phase, Vote};

/// No packet has more bytes.
pub const MOST_BYTES: usize = 256 * 1024;

/// The most HELLOs of a packet.
pub(crate) const MOST_HELLOS: usize = 256;
/// The most rosters of a packet.
pub(crate) const MOST_ROSTERS: usize = 32;
/// The most votes of a packet.
pub(crate) const MOST_VOTES: usize = 320;
/// The most proofs of a packet.
pub(crate) const MOST_PROOFS: usize = 16;

/// A challenge: 32 bytes that nobody can guess.
pub(crate) type Challenge = Digest;

/// The first bytes of each packet, of whatever version.
const MAGIC: [u8; 4] = *b"QGTH";

/// The outside of a packet, which is the same in all versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Packet {
    magic: [u8; 4],
    pub(crate) version: u32,
    pub(crate) charter: Charter,
    /// Where the sender is reached.
    pub(crate) reply: SocketAddr,
    /// The sender's challenge.
    pub(crate) ours: Challenge,
    /// The recipient's challenge, if the sender has one.
    pub(crate) theirs: Option<Challenge>,
    pub(crate) kind: Kind,
    #[serde(with = "serde_bytes")]
    pub(crate) body: Vec<u8>,
    /// With a shared secret: its HMAC-SHA256 of all else.
    mac: Option<[u8; 32]>,
}

/// What the body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// A [`Refusal`], the same in all versions.
    Refusal,
    /// A [`Speech`].
    Speech,
}

/// What a node says of itself and of others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Speech {
    pub(crate) hello: Signed<Hello>,
    pub(crate) standing: Standing,
    /// The digest of the facts that the sender received last from the recipient.
    pub(crate) seen: Option<Digest>,
    /// Encoded [`Written`] facts, if the recipient may not have them yet.
    facts: Option<ByteBuf>,
    /// The sender's signature of all else and of both challenges.
    signature: Signature,
}

/// How far a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// It has no cluster yet.
    Seeking,
    /// It is a member of a cluster.
    Member(ClusterId),
    /// It came too late for a cluster.
    Watching(ClusterId),
}

/// The outside of a packet to come.
pub(crate) struct Outside<'a> {
    pub(crate) charter: &'a Charter,
    pub(crate) secret: Option<&'a Secret>,
    pub(crate) reply: SocketAddr,
    pub(crate) ours: Challenge,
    pub(crate) theirs: Option<Challenge>,
}

impl Outside<'_> {
    fn pack(&self, kind: Kind, body: Vec<u8>, version: u32) -> Vec<u8> {
        let mut packet = Packet {
            magic: MAGIC,
            version,
            charter: self.charter.clone(),
            reply: self.reply,
            ours: self.ours,
            theirs: self.theirs,
            kind,
            body,
            mac: None,
        };
        packet.mac = self.secret.map(|secret| packet.mac_under(secret));
        encode(&packet)
    }

    pub(crate) fn refusal(&self, refusal: &Refusal) -> Vec<u8> {
        self.pack(Kind::Refusal, encode(refusal), VERSION)
    }

    pub(crate) fn speech(
        &self,
        pen: &Pen,
        hello: Signed<Hello>,
        standing: Standing,
        seen: Option<Digest>,
        facts: Option<Vec<u8>>,
    ) -> Vec<u8> {
        let mut speech = Speech {
            hello,
            standing,
            seen,
            facts: facts.map(ByteBuf::from),
            signature: Signature([0; 64]),
        };
        let signed = speech.signed_bytes(&self.reply, &self.ours, self.theirs.as_ref());
        speech.signature = pen.sign_bytes(Speech::DOMAIN, &signed);
        self.pack(Kind::Speech, encode(&speech), VERSION)
    }
}

impl Packet {
    /// Reads the outside. `None`: the bytes are no packet.
    pub(crate) fn open(bytes: &[u8]) -> Option<Self> {
        let packet: Self = read(bytes)?;
        (packet.magic == MAGIC).then_some(packet)
    }

    /// Whether the sender knows the secret, if there is one.
    pub(crate) fn knows(&self, secret: Option<&Secret>) -> bool {
        let Some(secret) = secret else {
            return true;
        };
        let Some(mac) = self.mac else {
            return false;
        };
        let mut keyed = keyed(secret);
        keyed.update(&self.without_mac());
        keyed.verify_slice(&mac).is_ok()
    }

    fn mac_under(&self, secret: &Secret) -> [u8; 32] {
        let mut keyed = keyed(secret);
        keyed.update(&self.without_mac());
        keyed.finalize().into_bytes().into()
    }

    fn without_mac(&self) -> Vec<u8> {
        encode(&Self {
            mac: None,
            ..self.clone()
        })
    }

    pub(crate) fn as_refusal(&self) -> Option<Refusal> {
        read(&self.body)
    }

    pub(crate) fn as_speech(&self) -> Option<Speech> {
        read(&self.body)
    }
}

#[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
fn keyed(secret: &Secret) -> Hmac<Sha256> {
    Hmac::new_from_slice(secret.bytes()).expect("a key of any length")
}

/// Decodes all of the bytes.
fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Option<T> {
    let (value, rest) = postcard::take_from_bytes(bytes).ok()?;
    rest.is_empty().then_some(value)
}

impl Speech {
    const DOMAIN: &'static str = "speech";

    fn signed_bytes(
        &self,
        reply: &SocketAddr,
        ours: &Challenge,
        theirs: Option<&Challenge>,
    ) -> Vec<u8> {
        let facts = self.facts_digest();
        encode(&(
            (reply, ours, theirs),
            (&self.hello, self.standing, self.seen, facts),
        ))
    }

    /// Whether the key of its HELLO has signed it, for the packet that it came in.
    pub(crate) fn is_signed(&self, packet: &Packet, pen: &mut Pen) -> bool {
        let bytes = self.signed_bytes(&packet.reply, &packet.ours, packet.theirs.as_ref());
        pen.bytes_hold(Self::DOMAIN, &self.hello.key, &bytes, &self.signature)
    }

    /// The digest of the facts, to be told as seen.
    pub(crate) fn facts_digest(&self) -> Option<Digest> {
        self.facts.as_ref().map(|facts| digest(facts))
    }

    /// Reads and checks the facts.
    pub(crate) fn facts(&self, judge: &mut Judge) -> Option<Result<Facts, Flaw>> {
        let bytes = self.facts.as_ref()?;
        let written: Option<Written> = read(bytes);
        Some(
            written
                .ok_or(Flaw::Dangling)
                .and_then(|written| written.checked(judge)),
        )
    }
}

/// The digest of encoded facts.
pub(crate) fn digest(facts: &[u8]) -> Digest {
    Digest::of(&[b"facts", facts])
}

/// What a node knows and hands on. Everything in it carries the signatures that make it valid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// The nodes that the sender has met, and itself.
    pub(crate) hellos: Vec<Known>,
    /// Votes, each with its roster.
    pub(crate) votes: Vec<(Signed<Vote>, Roster)>,
    /// The quorum of ROSTERs to which the sender keeps.
    pub(crate) lock: Option<Certificate>,
    /// The founding.
    pub(crate) founding: Option<Certificate>,
    pub(crate) proofs: Vec<Proof>,
}

/// Facts as bytes tell them. Each HELLO and each roster is there once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Written {
    hellos: Vec<Known>,
    /// How many of the HELLOs, from the first, are of nodes that the sender has met.
    met: u16,
    rosters: Vec<Vec<u16>>,
    votes: Vec<(Signed<Vote>, u16)>,
    certificates: Vec<(Vote, u16, BTreeMap<u16, Signature>)>,
    proofs: Vec<Proof>,
}

impl Facts {
    /// The facts as bytes. What has no room is left out, the least important first.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut written = Written::default();
        for hello in &self.hellos {
            written.place_of_hello(hello);
        }
        written.met = u16::try_from(written.hellos.len()).unwrap_or(u16::MAX);
        for certificate in [&self.founding, &self.lock].into_iter().flatten() {
            if let Some(place) = written.place_of_roster(&certificate.roster) {
                let signatures = certificate.signatures.clone();
                written
                    .certificates
                    .push((certificate.vote, place, signatures));
            }
        }
        for (vote, roster) in self.votes.iter().take(MOST_VOTES) {
            if let Some(place) = written.place_of_roster(roster) {
                written.votes.push((vote.clone(), place));
            }
        }
        let proofs = self.proofs.iter().take(MOST_PROOFS);
        written.proofs = proofs.cloned().collect();
        encode(&written)
    }
}

impl Written {
    fn place_of_hello(&mut self, hello: &Known) -> Option<u16> {
        let known = self.hellos.iter().position(|one| one == hello);
        let place = known.or_else(|| {
            (self.hellos.len() < MOST_HELLOS).then(|| {
                self.hellos.push(hello.clone());
                self.hellos.len() - 1
            })
        })?;
        u16::try_from(place).ok()
    }

    fn place_of_roster(&mut self, roster: &Roster) -> Option<u16> {
        let hellos: Option<Vec<u16>> = roster
            .hellos()
            .iter()
            .map(|hello| self.place_of_hello(hello))
            .collect();
        let hellos = hellos?;
        let known = self.rosters.iter().position(|one| *one == hellos);
        let place = known.or_else(|| {
            (self.rosters.len() < MOST_ROSTERS).then(|| {
                self.rosters.push(hellos);
                self.rosters.len() - 1
            })
        })?;
        u16::try_from(place).ok()
    }

    fn checked(self, judge: &mut Judge) -> Result<Facts, Flaw> {
        let too_much = self.hellos.len() > MOST_HELLOS
            || self.rosters.len() > MOST_ROSTERS
            || self.votes.len() > MOST_VOTES
            || self.certificates.len() > 2
            || self.proofs.len() > MOST_PROOFS;
        if too_much {
            return Err(Flaw::TooMuch);
        }
        self.hellos
            .iter()
            .try_for_each(|hello| judge.check_hello(hello))?;
        self.proofs
            .iter()
            .try_for_each(|proof| judge.check_proof(proof))?;
        let rosters = self
            .rosters
            .iter()
            .map(|places| judge.roster(at_places(&self.hellos, places)?))
            .collect::<Result<Vec<_>, _>>()?;
        let mut facts = Facts {
            hellos: self.hellos.iter().take(self.met.into()).cloned().collect(),
            proofs: self.proofs,
            ..Facts::default()
        };
        for (vote, roster) in self.votes {
            let roster = at_place(&rosters, roster)?;
            check_ballot(&vote, &roster, judge)?;
            facts.votes.push((vote, roster));
        }
        for (vote, roster, signatures) in self.certificates {
            let roster = at_place(&rosters, roster)?;
            let certificate = judge.certificate(roster, vote, signatures)?;
            match vote.phase {
                Phase::Roster => facts.lock = Some(certificate),
                Phase::Found => facts.founding = Some(certificate),
            }
        }
        Ok(facts)
    }
}

fn check_ballot(vote: &Signed<Vote>, roster: &Roster, judge: &mut Judge) -> Result<(), Flaw> {
    if vote.value.cluster != roster.cluster() {
        return Err(Flaw::UnknownRoster);
    }
    if !roster.has(&vote.key) {
        return Err(Flaw::NotMember);
    }
    judge.check_vote(vote)
}

fn at_places<T: Clone>(all: &[T], places: &[u16]) -> Result<Vec<T>, Flaw> {
    places.iter().map(|place| at_place(all, *place)).collect()
}

fn at_place<T: Clone>(all: &[T], place: u16) -> Result<T, Flaw> {
    all.get(usize::from(place)).cloned().ok_or(Flaw::Dangling)
}
