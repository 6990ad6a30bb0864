//! What a new view must propose. The primary and every backup compute it from the same VIEW-CHANGEs with this function
//! (C4.4, rule 12).

use std::collections::BTreeMap;

use crate::config::Config;
use crate::digest::Digest;
use crate::id::{Sequence, View};
use crate::message::{Batch, ViewChange};
use crate::mutant::Mutant;
use crate::signature::Signed;

/// min-s: the highest stable checkpoint.
pub(super) fn min_sequence(view_changes: &[Signed<ViewChange>]) -> Sequence {
    view_changes
        .iter()
        .map(|view_change| view_change.value().stable)
        .max()
        .unwrap_or_default()
}

/// O: for each slot in (min-s, max-s], the digest that was prepared in the highest view, or the null batch if none was
/// prepared. A prepared null batch counts like any other batch.
pub(super) fn proposals(
    config: &Config,
    view_changes: &[Signed<ViewChange>],
) -> Vec<(Sequence, Digest)> {
    let min = min_sequence(view_changes);
    let mut latest: BTreeMap<Sequence, (View, Digest)> = BTreeMap::new();
    for certificate in view_changes
        .iter()
        .flat_map(|view_change| &view_change.value().prepared)
    {
        let candidate = (certificate.view(), certificate.digest());
        let entry = latest.entry(certificate.sequence()).or_insert(candidate);
        if candidate.0 > entry.0 && !config.is_mutant(Mutant::FirstCertificate) {
            *entry = candidate;
        }
    }
    let Some(max) = latest.keys().next_back().copied() else {
        return Vec::new();
    };
    let null = Batch::null().digest();
    (min.0 + 1..=max.0)
        .map(Sequence)
        .map(|sequence| {
            (
                sequence,
                latest.get(&sequence).map_or(null, |(_, digest)| *digest),
            )
        })
        .collect()
}
