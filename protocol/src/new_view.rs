//! What a NEW-VIEW must be. The primary and every backup compute what the view must propose from the same VIEW-CHANGEs, with
//! the same function (C4.4, rule 12).

use std::collections::{BTreeMap, BTreeSet};

use crate::certificate::check_view_change;
use crate::config::Config;
use crate::digest::Digest;
use crate::id::{Sequence, View};
use crate::message::{Batch, NewView, ViewChange};
use crate::misbehaviour::NewViewFlaw;
use crate::mutant::Mutant;
use crate::signature::Signed;

/// Checks that V is a quorum of valid VIEW-CHANGEs for the view, and that O follows from V (rule 12).
pub(crate) fn check(config: &Config, new_view: &Signed<NewView>) -> Result<(), NewViewFlaw> {
    let NewView {
        view,
        view_changes,
        chosen,
    } = new_view.value();
    if view_changes
        .iter()
        .any(|view_change| view_change.value().view != *view)
    {
        return Err(NewViewFlaw::OtherView);
    }
    let senders: BTreeSet<_> = view_changes.iter().map(Signed::signer).collect();
    let distinct =
        senders.len() == view_changes.len() || config.is_mutant(Mutant::RepeatedViewChanges);
    if view_changes.len() < config.quorum.size() || !distinct {
        return Err(NewViewFlaw::TooFewViewChanges);
    }
    if view_changes
        .iter()
        .any(|view_change| check_view_change(config, view_change).is_err())
    {
        return Err(NewViewFlaw::InvalidViewChange);
    }
    if *chosen != proposals(config, view_changes) {
        return Err(NewViewFlaw::WrongProposals);
    }
    Ok(())
}

/// min-s: the highest stable checkpoint.
pub(crate) fn min_sequence(view_changes: &[Signed<ViewChange>]) -> Sequence {
    view_changes
        .iter()
        .map(|view_change| view_change.value().stable)
        .max()
        .unwrap_or_default()
}

/// Whether a proposal can be one of a view that this NEW-VIEW starts (rule 13). Slots up to min-s are settled, and each slot
/// up to max-s has the digest of O. Above that the primary is free. O is in slot order.
pub(crate) fn admits(new_view: &NewView, sequence: Sequence, digest: Digest) -> bool {
    let chosen = &new_view.chosen;
    sequence > min_sequence(&new_view.view_changes)
        && chosen
            .binary_search_by_key(&sequence, |(sequence, _)| *sequence)
            .ok()
            .and_then(|place| chosen.get(place))
            .is_none_or(|(_, chosen)| *chosen == digest)
}

/// O: for each slot in (min-s, max-s], the digest that was prepared in the highest view, or the null batch if none was
/// prepared. A prepared null batch counts like any other batch.
pub(crate) fn proposals(
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
