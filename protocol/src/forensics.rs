//! Who is to blame once two correct replicas have executed different batches at one slot (E8 of rule 24; Sheng et al.,
//! "BFT Protocol Forensics", CCS '21). Only more than f faulty replicas can bring that about, and at least f+1 of them
//! have signed what proves it.

use std::collections::BTreeSet;

use crate::certificate::PreparedCertificate;
use crate::id::ReplicaId;
use crate::message::{Commit, NewView, ViewChange};
use crate::signature::Signed;

/// The replicas that two contradicting commit certificates for one slot prove faulty. `new_views` are the NEW-VIEWs that
/// any correct replica kept. Across views those are named whose VIEW-CHANGEs in them leave out what they had committed, and those
/// who had said in them that the slot lies below a stable checkpoint; without the NEW-VIEW that let the other digest in nobody
/// may be.
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
    let (earlier, later) = if a.view < b.view {
        (one, other)
    } else {
        (other, one)
    };
    let wishes: Vec<_> = new_views
        .iter()
        .flat_map(|new_view| &new_view.value().view_changes)
        .collect();
    // The view that first let the other digest in began without what was committed, though f+1 of those who wished for it had
    // committed it: they did not say so.
    let forgot = earlier.iter().filter(|commit| {
        let own = wishes
            .iter()
            .filter(|wish| wish.signer() == commit.signer());
        own.into_iter()
            .any(|wish| hides(wish.value(), commit.value()))
    });
    // Whoever committed one digest agreed to no other in the same view.
    let certificates = wishes.iter().flat_map(|wish| &wish.value().prepared);
    let others: BTreeSet<_> = certificates
        .filter(|other| {
            earlier.first().is_some_and(|commit| {
                let commit = commit.value();
                (other.sequence(), other.view()) == (commit.sequence, commit.view)
                    && other.digest() != commit.digest
            })
        })
        .flat_map(PreparedCertificate::signers)
        .collect();
    let agreed_to_both = earlier
        .iter()
        .filter(|commit| others.contains(&commit.signer()));
    // Whoever has said that a checkpoint above the slot is stable has no part in the slot in that view or a later one.
    let meddled = later.iter().filter(|commit| {
        let own = wishes
            .iter()
            .filter(|wish| wish.signer() == commit.signer());
        own.into_iter().any(|wish| {
            wish.value().view <= commit.value().view && wish.value().stable >= a.sequence
        })
    });
    forgot
        .chain(agreed_to_both)
        .chain(meddled)
        .map(Signed::signer)
        .collect()
}

/// Whether a VIEW-CHANGE does not say what its sender had committed: it has no certificate for that in that view, nor any of a
/// later one, nor a checkpoint above.
fn hides(wish: &ViewChange, commit: &Commit) -> bool {
    let shown = wish.prepared.iter().any(|certificate| {
        certificate.sequence() == commit.sequence
            && (certificate.view() > commit.view
                || certificate.view() == commit.view && certificate.digest() == commit.digest)
    });
    wish.view > commit.view && wish.stable < commit.sequence && !shown
}

fn signers(commits: &[Signed<Commit>]) -> BTreeSet<ReplicaId> {
    commits.iter().map(Signed::signer).collect()
}
