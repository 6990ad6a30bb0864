//! Finds the faulty replicas after two correct replicas have executed different batches in one slot (E8 of rule 24;
//! Sheng et al., "BFT Protocol Forensics", CCS '21). Only more than f faulty replicas can cause this, and at least f+1
//! of them have signed messages that prove it.

use std::collections::BTreeSet;

use crate::certificate::PreparedCertificate;
use crate::evidence::{Evidence, forgets, is_past};
use crate::id::ReplicaId;
use crate::message::{Commit, NewView, ViewChange};
use crate::signature::Signed;

/// The replicas that two contradicting commit certificates for one slot prove faulty: those that [`proofs`] accuses.
#[must_use]
pub fn culprits(
    one: &[Signed<Commit>],
    other: &[Signed<Commit>],
    new_views: &[Signed<NewView>],
) -> BTreeSet<ReplicaId> {
    let proofs = proofs(one, other, new_views);
    proofs.iter().map(Evidence::accused).collect()
}

/// What two contradicting commit certificates for one slot prove, for each culprit in two of its own messages. `new_views` are
/// the NEW-VIEWs that correct replicas kept.
///
/// If both certificates are of one view, every replica that signed both is faulty (E3). Otherwise a replica is faulty if its
/// messages in `new_views` contradict its COMMIT. There are three such contradictions: a VIEW-CHANGE that leaves out
/// what the replica had committed, a stable checkpoint at or above the slot (both E7), and a vote in a certificate for another
/// digest in the same view (E3). Without the NEW-VIEW that admitted the other digest, the result may be empty.
///
/// No signature is checked here.
#[must_use]
pub fn proofs(
    one: &[Signed<Commit>],
    other: &[Signed<Commit>],
    new_views: &[Signed<NewView>],
) -> Vec<Evidence> {
    let (Some(a), Some(b)) = (one.first(), other.first()) else {
        return Vec::new();
    };
    let (a, b) = (*a.value(), *b.value());
    if a.sequence != b.sequence || a.digest == b.digest {
        return Vec::new();
    }
    if a.view == b.view {
        let both = one.iter().filter_map(|commit| {
            let second = other.iter().find(|two| two.signer() == commit.signer())?;
            Some(Evidence::TwoCommits(commit.clone(), second.clone()))
        });
        return both.collect();
    }
    let (earlier, later) = if a.view < b.view {
        (one, other)
    } else {
        (other, one)
    };
    let wishes: Vec<_> = new_views
        .iter()
        .flat_map(|new_view| &new_view.value().view_changes)
        .collect();
    let wish_of = |commit: &Signed<Commit>, lie: fn(&ViewChange, &Commit) -> bool| {
        let mut wishes = wishes.iter();
        wishes
            .find(|wish| wish.signer() == commit.signer() && lie(wish.value(), commit.value()))
            .map(|wish| (*wish).clone())
    };
    // A NEW-VIEW first admitted the other digest although f+1 senders of its VIEW-CHANGEs had committed the earlier
    // one. Those VIEW-CHANGEs left the committed batch out.
    let forgot = earlier.iter().filter_map(|commit| {
        Some(Evidence::ForgottenCommit(
            commit.clone(),
            wish_of(commit, forgets)?,
        ))
    });
    let meddled = later.iter().filter_map(|commit| {
        Some(Evidence::CommitBelowCheckpoint(
            commit.clone(),
            wish_of(commit, is_past)?,
        ))
    });
    // A correct replica that commits one digest votes for no other digest in the same view.
    let certificates: Vec<_> = wishes
        .iter()
        .flat_map(|wish| &wish.value().prepared)
        .collect();
    let agreed_to_another = earlier.iter().filter_map(|commit| {
        certificates
            .iter()
            .find_map(|other| voted_for(other, commit))
    });
    forgot.chain(meddled).chain(agreed_to_another).collect()
}

/// The proof that the signer of a COMMIT has voted in a certificate for another digest in the same view.
fn voted_for(certificate: &PreparedCertificate, commit: &Signed<Commit>) -> Option<Evidence> {
    let Commit {
        view,
        sequence,
        digest,
    } = *commit.value();
    if (certificate.view(), certificate.sequence()) != (view, sequence)
        || certificate.digest() == digest
    {
        return None;
    }
    let proposal = &certificate.pre_prepare;
    if proposal.signer() == commit.signer() {
        let (proposal, commit) = (proposal.clone(), commit.clone());
        return Some(Evidence::CommittedOtherProposal(proposal, commit));
    }
    let mut votes = certificate.prepares.iter();
    let vote = votes.find(|vote| vote.signer() == commit.signer())?;
    Some(Evidence::CommittedOtherPrepare(
        vote.clone(),
        commit.clone(),
    ))
}
