//! Finds the faulty replicas after two correct replicas have executed different batches in one slot (E8 of rule 24;
//! Sheng et al., "BFT Protocol Forensics", CCS '21). Only more than f faulty replicas can cause this, and at least f+1
//! of them have signed messages that prove it.

use std::collections::BTreeSet;

use crate::certificate::PreparedCertificate;
use crate::evidence::{forgets, is_past};
use crate::id::ReplicaId;
use crate::message::{Commit, NewView, ViewChange};
use crate::signature::Signed;

/// The replicas that two contradicting commit certificates for one slot prove faulty. `new_views` are the NEW-VIEWs
/// that correct replicas kept.
///
/// If both certificates are of one view, every replica that signed both is faulty. Otherwise a replica is faulty if its
/// messages in `new_views` contradict its COMMIT. There are three such contradictions: a VIEW-CHANGE that leaves out
/// what the replica had committed, a stable checkpoint at or above the slot, and a vote in a certificate for another
/// digest in the same view. Without the NEW-VIEW that admitted the other digest, the result may be empty.
#[must_use]
pub fn culprits(
    one: &[Signed<Commit>],
    other: &[Signed<Commit>],
    new_views: &[Signed<NewView>],
) -> BTreeSet<ReplicaId> {
    let (Some(a), Some(b)) = (one.first(), other.first()) else {
        return BTreeSet::new();
    };
    let (a, b) = (*a.value(), *b.value());
    if a.sequence != b.sequence || a.digest == b.digest {
        return BTreeSet::new();
    }
    if a.view == b.view {
        return &signers(one) & &signers(other);
    }
    let (earlier, later, committed) = if a.view < b.view {
        (one, other, a)
    } else {
        (other, one, b)
    };
    let wishes: Vec<_> = new_views
        .iter()
        .flat_map(|new_view| &new_view.value().view_changes)
        .collect();
    let contradicts_itself = |commit: &Signed<Commit>, lie: fn(&ViewChange, &Commit) -> bool| {
        wishes
            .iter()
            .any(|wish| wish.signer() == commit.signer() && lie(wish.value(), commit.value()))
    };
    // A NEW-VIEW first admitted the other digest although f+1 senders of its VIEW-CHANGEs had committed the earlier
    // one. Those VIEW-CHANGEs left the committed batch out.
    let forgot = earlier
        .iter()
        .filter(|commit| contradicts_itself(commit, forgets));
    let meddled = later
        .iter()
        .filter(|commit| contradicts_itself(commit, is_past));
    // A correct replica that commits one digest votes for no other digest in the same view.
    let agreed_to_another: BTreeSet<_> = wishes
        .iter()
        .flat_map(|wish| &wish.value().prepared)
        .filter(|other| {
            (other.sequence(), other.view()) == (committed.sequence, committed.view)
                && other.digest() != committed.digest
        })
        .flat_map(PreparedCertificate::signers)
        .collect();
    let lied: BTreeSet<_> = forgot.chain(meddled).map(Signed::signer).collect();
    &lied | &(&signers(earlier) & &agreed_to_another)
}

fn signers(commits: &[Signed<Commit>]) -> BTreeSet<ReplicaId> {
    commits.iter().map(Signed::signer).collect()
}
