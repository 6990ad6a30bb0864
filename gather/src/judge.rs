//! What every node of a group judges alike: whether a HELLO, a vote, a roster, a certificate or a proof is valid. A node that
//! hands on something invalid is itself at fault.

use std::collections::{BTreeMap, BTreeSet};

use quorate_protocol::{Digest, Quorum, SecretKey};

use crate::certificate::{Alone, Certificate};
use crate::hello::{Claim, Hello};
use crate::id::PublicKey;
use crate::proof::Proof;
use crate::roster::{Known, Roster, RosterFlaw};
use crate::settings::{MOST_ADDRESSES, Settings, Way, is_reachable};
use crate::signed::{Pen, Signature, Signed};
use crate::vote::{Phase, Vote};

/// Why a statement is not valid, whoever looks at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the error messages describe the variants")]
pub enum Flaw {
    #[error("a HELLO whose signature is not valid in this group")]
    HelloSignature,
    #[error("a HELLO with {0} addresses; 1 to {MOST_ADDRESSES} are allowed")]
    Addresses(usize),
    #[error("a HELLO with an address that nobody can reach")]
    Unreachable,
    #[error("a HELLO without an invitation to this group")]
    NotInvited,
    #[error("a HELLO with an invitation, in a group without invitations")]
    NoInvitations,
    #[error(transparent)]
    Roster(#[from] RosterFlaw),
    #[error("a vote whose signature is not valid in this group")]
    VoteSignature,
    #[error("a vote of a node for a roster in which it is not")]
    NotMember,
    #[error("a vote for a roster that was not shown")]
    UnknownRoster,
    #[error("a certificate of {votes} votes; a quorum is {quorum}")]
    NoQuorum { votes: usize, quorum: usize },
    #[error("a certificate of the wrong kind of votes")]
    WrongPhase,
    #[error("a proof that proves nothing")]
    ProvesNothing,
    #[error("more than a node may say at once")]
    TooMuch,
    #[error("a part that names what was not sent")]
    Dangling,
}

/// The group's rules, and the node's own key.
#[derive(Clone)]
pub(crate) struct Judge {
    pen: Pen,
    charter: Digest,
    quorum: Quorum,
    /// The seats, in a group with invitations.
    seats: Option<BTreeSet<PublicKey>>,
    /// This node's own seat.
    claim: Option<Claim>,
}

impl Judge {
    pub(crate) fn new(settings: &Settings, key: SecretKey) -> Self {
        let charter = settings.charter().digest();
        let (seats, claim) = match &settings.way {
            Way::Open | Way::Secret(_) => (None, None),
            Way::Invited(invitation) => (
                Some(invitation.seats.iter().copied().collect()),
                Some(Claim::new(&invitation.seat, &charter, &key.public())),
            ),
        };
        Self {
            pen: Pen::new(key, charter),
            charter,
            quorum: settings.quorum(),
            seats,
            claim,
        }
    }

    pub(crate) const fn pen(&mut self) -> &mut Pen {
        &mut self.pen
    }

    /// The node's own public key.
    pub(crate) const fn own(&self) -> PublicKey {
        self.pen.public()
    }

    /// The invitation that this node shows.
    pub(crate) const fn claim(&self) -> Option<&Claim> {
        self.claim.as_ref()
    }

    /// How many signatures were computed to check them.
    pub(crate) const fn checked(&self) -> u64 {
        self.pen.checked()
    }

    pub(crate) const fn quorum(&self) -> Quorum {
        self.quorum
    }

    /// Whether each member needs an invitation.
    pub(crate) const fn invites(&self) -> bool {
        self.seats.is_some()
    }

    pub(crate) fn check_hello(&mut self, hello: &Signed<Hello>) -> Result<(), Flaw> {
        let Hello {
            addresses, claim, ..
        } = &hello.value;
        if !(1..=MOST_ADDRESSES).contains(&addresses.len()) {
            return Err(Flaw::Addresses(addresses.len()));
        }
        if !addresses.iter().all(is_reachable) {
            return Err(Flaw::Unreachable);
        }
        if !self.pen.holds(hello) {
            return Err(Flaw::HelloSignature);
        }
        self.check_claim(&hello.key, claim.as_ref())
    }

    fn check_claim(&mut self, key: &PublicKey, claim: Option<&Claim>) -> Result<(), Flaw> {
        match (&self.seats, claim) {
            (None, None) => Ok(()),
            (None, Some(_)) => Err(Flaw::NoInvitations),
            (Some(_), None) => Err(Flaw::NotInvited),
            (Some(seats), Some(Claim { seat, signature })) => {
                let invited = seats.contains(seat)
                    && self.pen.bytes_hold(Claim::DOMAIN, seat, key, signature);
                invited.then_some(()).ok_or(Flaw::NotInvited)
            }
        }
    }

    /// The roster of these members, whose HELLOs are checked already.
    pub(crate) fn roster(&self, hellos: Vec<Known>) -> Result<Roster, Flaw> {
        Ok(Roster::new(&self.charter, self.quorum.n(), hellos)?)
    }

    pub(crate) fn check_vote(&mut self, vote: &Signed<Vote>) -> Result<(), Flaw> {
        self.pen
            .holds(vote)
            .then_some(())
            .ok_or(Flaw::VoteSignature)
    }

    /// A quorum of votes for a roster.
    pub(crate) fn certificate(
        &mut self,
        roster: Roster,
        vote: Vote,
        signatures: BTreeMap<u16, Signature>,
    ) -> Result<Certificate, Flaw> {
        let quorum = self.quorum.size();
        let votes = signatures.len();
        if votes < quorum {
            return Err(Flaw::NoQuorum { votes, quorum });
        }
        if vote.cluster != roster.cluster() {
            return Err(Flaw::UnknownRoster);
        }
        if signatures
            .keys()
            .any(|place| usize::from(*place) >= roster.hellos().len())
        {
            return Err(Flaw::NotMember);
        }
        let certificate = Certificate {
            roster,
            vote,
            signatures,
        };
        certificate
            .votes()
            .try_for_each(|vote| self.check_vote(&vote))?;
        Ok(certificate)
    }

    /// A certificate that came by itself.
    pub(crate) fn alone(&mut self, alone: &Alone) -> Result<Certificate, Flaw> {
        let hellos = alone.shared();
        hellos
            .iter()
            .try_for_each(|hello| self.check_hello(hello))?;
        let roster = self.roster(hellos)?;
        self.certificate(roster, alone.vote, alone.signatures.clone())
    }

    /// The same, of one phase only.
    pub(crate) fn of_phase(certificate: Certificate, phase: Phase) -> Result<Certificate, Flaw> {
        (certificate.vote.phase == phase)
            .then_some(certificate)
            .ok_or(Flaw::WrongPhase)
    }

    pub(crate) fn check_proof(&mut self, proof: &Proof) -> Result<(), Flaw> {
        if !proof.excludes() {
            return Err(Flaw::ProvesNothing);
        }
        match proof {
            Proof::Hellos(one, other) => {
                self.check_hello(one)?;
                self.check_hello(other)
            }
            Proof::Votes(one, other) => {
                self.check_vote(one)?;
                self.check_vote(other)
            }
        }
    }
}
