//! Who is to blame once two correct replicas have executed different batches at one slot (E8 of rule 24; Sheng et al.,
//! "BFT Protocol Forensics", CCS '21). Only more than f faulty replicas can bring that about, and at least f+1 of them
//! have signed what proves it.

use std::collections::BTreeSet;

use crate::digest::Digest;
use crate::id::{ReplicaId, Sequence};
use crate::message::{Commit, NewView};
use crate::signature::Signed;

/// The replicas that two contradicting commit certificates for one slot prove faulty. `new_views` are the NEW-VIEWs that
/// any correct replica kept; without the one that let the other digest in, nobody can be named across views.
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
    let (earlier, earlier_view, digest) = if a.view < b.view {
        (one, a.view, a.digest)
    } else {
        (other, b.view, b.digest)
    };
    let first_to_let_in = new_views
        .iter()
        .filter(|new_view| new_view.value().view > earlier_view)
        .filter(|new_view| lets_in_another(new_view.value(), a.sequence, digest))
        .min_by_key(|new_view| new_view.value().view);
    first_to_let_in.map_or_else(BTreeSet::new, |new_view| {
        let wished: BTreeSet<_> = new_view
            .value()
            .view_changes
            .iter()
            .map(Signed::signer)
            .collect();
        &signers(earlier) & &wished
    })
}

/// Whether a view starts without the digest that was committed at the slot.
fn lets_in_another(new_view: &NewView, sequence: Sequence, digest: Digest) -> bool {
    let below = new_view
        .view_changes
        .iter()
        .any(|view_change| view_change.value().stable >= sequence);
    !below && !new_view.chosen.contains(&(sequence, digest))
}

fn signers(commits: &[Signed<Commit>]) -> BTreeSet<ReplicaId> {
    commits.iter().map(Signed::signer).collect()
}
