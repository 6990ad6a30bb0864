//! Which processes are proved faulty, for what, and by whom.

use std::collections::BTreeMap;

use quorate_wire::method::ProcessStatus;

use crate::transcript::Transcript;
use crate::verdict::enumerate;

/// What a process did, and the processes that have proof.
pub(crate) struct Proved {
    pub(crate) accused: String,
    pub(crate) what: String,
    pub(crate) by: Vec<String>,
}

/// The faults that correct processes can prove.
pub(crate) fn proofs(transcript: &Transcript) -> Vec<Proved> {
    let correct = transcript.finalized.iter().filter(|one| one.is_correct);
    proofs_of(correct.filter_map(|one| one.status.as_ref()))
}

/// The faults that these processes can prove, ordered by the accused process.
pub(crate) fn proofs_of<'a>(statuses: impl Iterator<Item = &'a ProcessStatus>) -> Vec<Proved> {
    let mut all: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for status in statuses {
        for proof in &status.proofs {
            let by = all.entry((&proof.accused, &proof.what)).or_default();
            by.push(status.process.clone());
        }
    }
    all.into_iter()
        .map(|((accused, what), by)| Proved {
            accused: accused.to_owned(),
            what: what.to_owned(),
            by,
        })
        .collect()
}

/// Each accused process, with the faults that the same processes can prove, and with these processes.
pub(crate) fn accusations(proofs: &[Proved]) -> Vec<(&str, String, &[String])> {
    let same = |one: &Proved, next: &Proved| (&one.accused, &one.by) == (&next.accused, &next.by);
    let groups = proofs.chunk_by(same);
    groups
        .filter_map(|group| {
            let what: Vec<_> = group.iter().map(|proof| proof.what.clone()).collect();
            let first = group.first()?;
            Some((
                first.accused.as_str(),
                enumerate(&what),
                first.by.as_slice(),
            ))
        })
        .collect()
}

/// What correct processes refused before it counted, a sentence for each sender. It proves nothing.
pub(crate) fn suspicions(transcript: &Transcript) -> Vec<String> {
    let correct = transcript.finalized.iter().filter(|one| one.is_correct);
    let statuses = correct.filter_map(|one| one.status.as_ref());
    suspicions_of(statuses)
}

/// What these processes refused before it counted.
pub(crate) fn suspicions_of<'a>(statuses: impl Iterator<Item = &'a ProcessStatus>) -> Vec<String> {
    let mut all: BTreeMap<&str, (u64, &str, Vec<String>)> = BTreeMap::new();
    for status in statuses {
        for refused in &status.refused {
            let first = || (0, refused.why.as_str(), Vec::new());
            let (batches, _, by) = all.entry(&refused.sender).or_insert_with(first);
            *batches = batches.saturating_add(refused.batches);
            by.push(status.process.clone());
        }
    }
    all.into_iter()
        .map(|(sender, (batches, why, by))| {
            let noun = if batches == 1 { "batch" } else { "batches" };
            format!(
                "Suspected, without proof: {sender}. {} refused {batches} {noun} under its name: {why}.",
                enumerate(&by)
            )
        })
        .collect()
}
