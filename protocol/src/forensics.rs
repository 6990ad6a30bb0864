//! Who is to blame once two correct replicas have executed different batches at one slot (E8 of rule 24; Sheng et al.,
//! "BFT Protocol Forensics", CCS '21). Only more than f faulty replicas can bring that about, and at least f+1 of them
//! have signed what proves it.

use std::collections::BTreeSet;

use crate::certificate::PreparedCertificate;
use crate::evidence::forgets;
use crate::id::ReplicaId;
use crate::message::{Commit, NewView, ViewChange};
use crate::signature::Signed;

/// The replicas that two contradicting commit certificates for one slot prove faulty. `new_views` are the NEW-VIEWs that
/// any correct replica kept. Across views those are named whose own words in them contradict their COMMITs: a VIEW-CHANGE that leaves
/// out what they had committed, a stable checkpoint above the slot, a part in a certificate for another digest of the same view.
/// Without the NEW-VIEW that let the other digest in nobody may be.
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
    // The view that first let the other digest in began without what was committed, though f+1 of those who wished for it had
    // committed it: they did not say so.
    let forgot = earlier
        .iter()
        .filter(|commit| contradicts_itself(commit, forgets));
    let meddled = later
        .iter()
        .filter(|commit| contradicts_itself(commit, is_past));
    // Whoever committed one digest agreed to no other in the same view.
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

/// Whether a VIEW-CHANGE has a stable checkpoint at or above the slot of a COMMIT in its view or a later one: its sender has no
/// part in that slot any more.
fn is_past(wish: &ViewChange, commit: &Commit) -> bool {
    wish.view <= commit.view && wish.stable >= commit.sequence
}

fn signers(commits: &[Signed<Commit>]) -> BTreeSet<ReplicaId> {
    commits.iter().map(Signed::signer).collect()
}
