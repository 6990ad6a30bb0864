//! What the processes have, call by call.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::ensure;
use futures_util::future::join_all;
use quorate_cli::console::complain;
use quorate_protocol::message::Commit;
use quorate_protocol::{Evidence, Signed};
use quorate_wire::method::{Audit, AuditItem};

use super::judge::{Findings, Judge};
use super::listing::Listing;
use crate::exit::no_answer;
use crate::target::Process;
use crate::verdict::Split;

/// The most bytes of one item: more than two of the largest messages.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// A process, and the COMMITs behind what it executed in a slot.
type Certified = (String, Vec<Signed<Commit>>);

/// What the processes that can be reached have.
pub(crate) struct Collected<'a> {
    of: Vec<(&'a Process, Listing)>,
    /// Why others did not answer.
    pub(crate) errors: Vec<anyhow::Error>,
}

impl<'a> Collected<'a> {
    /// Asks these processes what they have.
    pub(crate) async fn of(processes: Vec<&'a Process>) -> Self {
        let calls = processes.into_iter().map(|process| async move {
            let answer = process.call(Audit).await;
            let listing = answer.map_err(|error| no_answer(&process.name, error));
            (process, listing.and_then(Listing::read))
        });
        let mut all = Self {
            of: Vec::new(),
            errors: Vec::new(),
        };
        for (process, listing) in join_all(calls).await {
            match listing {
                Ok(listing) => all.of.push((process, listing)),
                Err(error) => all.errors.push(error),
            }
        }
        all
    }

    pub(crate) fn listings(&self) -> Vec<Listing> {
        self.of.iter().map(|(_, listing)| listing.clone()).collect()
    }

    /// Fetches what proves something, and checks it. What is not valid, or cannot be had, is told and left out: a liar may list and hand
    /// out anything, and must not hide by it what the others have.
    pub(crate) async fn fetch(&self, judge: &mut Judge) -> anyhow::Result<Findings> {
        let mut findings = Findings::default();
        for (process, listing) in &self.of {
            for proof in &listing.proofs {
                let is_known = |one: &Evidence| {
                    (one.accused().to_string(), one.kind().to_string())
                        == (proof.accused.clone(), proof.kind.clone())
                };
                if findings.proofs.iter().any(is_known) {
                    continue;
                }
                let item = fetch(process, &proof.item).await;
                let checked = item.and_then(|bytes| judge.proof(&bytes));
                if let Some(evidence) = valid(process, checked)
                    && !findings.proofs.contains(&evidence)
                {
                    findings.proofs.push(evidence);
                }
            }
        }
        let Some((certificates, view)) = self.disagreement(judge).await else {
            return Ok(findings);
        };
        findings.certificates = certificates;
        for (process, listing) in &self.of {
            for one in listing.new_views.iter().filter(|one| one.view > view) {
                let item = fetch(process, &one.item).await;
                let checked = item.and_then(|bytes| judge.new_view(&bytes));
                if let Some(new_view) = valid(process, checked)
                    && !findings.new_views.contains(&new_view)
                {
                    findings.new_views.push(new_view);
                }
            }
        }
        findings.forensics = judge.forensics(&findings.certificates, &findings.new_views)?;
        Ok(findings)
    }

    /// The valid certificates of the first slot in which processes executed different batches, and the lowest of their views.
    async fn disagreement(&self, judge: &mut Judge) -> Option<(Vec<Certified>, u64)> {
        for slot in self.disputed() {
            let mut certificates: Vec<Certified> = Vec::new();
            for (process, listing) in &self.of {
                let mut listed = listing.certificates.iter();
                if let Some(one) = listed.find(|one| one.slot == slot) {
                    let item = fetch(process, &one.item).await;
                    let checked = item.and_then(|bytes| judge.certificate(&bytes));
                    let checked = checked.and_then(|commits| of_slot(commits, slot));
                    if let Some(commits) = valid(process, checked) {
                        certificates.push((process.name.clone(), commits));
                    }
                }
            }
            let commits = certificates
                .iter()
                .filter_map(|(_, commits)| commits.first());
            let digests: BTreeSet<_> = commits.clone().map(|one| one.value().digest).collect();
            if digests.len() > 1 {
                let view = commits.map(|one| one.value().view.0).min()?;
                return Some((certificates, view));
            }
        }
        None
    }

    /// The first slot in which two of them executed different batches. No signature is checked.
    pub(crate) fn split(&self) -> Option<Split> {
        let slot = self.disputed().next()?;
        let mut sides: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (process, listing) in &self.of {
            let mut certificates = listing.certificates.iter();
            if let Some(one) = certificates.find(|one| one.slot == slot) {
                sides
                    .entry(&one.digest)
                    .or_default()
                    .push(process.name.clone());
            }
        }
        let sides = sides.into_values().collect();
        Some(Split { slot, sides })
    }

    /// The slots in which two processes say that they executed different batches, in their order.
    fn disputed(&self) -> impl Iterator<Item = u64> {
        let mut slots: BTreeMap<u64, BTreeSet<&str>> = BTreeMap::new();
        let listings = self.of.iter().map(|(_, listing)| listing);
        for one in listings.flat_map(|listing| &listing.certificates) {
            slots.entry(one.slot).or_default().insert(&one.digest);
        }
        let disputed = slots.into_iter().filter(|(_, digests)| digests.len() > 1);
        disputed.map(|(slot, _)| slot)
    }
}

fn of_slot(commits: Vec<Signed<Commit>>, slot: u64) -> anyhow::Result<Vec<Signed<Commit>>> {
    let found = commits.first().map(|commit| commit.value().sequence.0);
    ensure!(found == Some(slot), "a certificate is not of slot {slot}");
    Ok(commits)
}

/// What is valid. The rest is told.
fn valid<T>(process: &Process, checked: anyhow::Result<T>) -> Option<T> {
    checked
        .inspect_err(|error| {
            complain(format_args!(
                "warning: process {} hands out what is not valid, and it is left out: {error:#}",
                process.name
            ));
        })
        .ok()
}

/// The bytes of an item.
async fn fetch(process: &Process, item: &str) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let call = AuditItem {
            item: item.to_owned(),
            offset: Some(bytes.len() as u64),
        };
        let more = process.call(call).await;
        let more = more.map_err(|error| no_answer(&process.name, error))?;
        if more.is_empty() || bytes.len() > MOST_BYTES {
            return Ok(bytes);
        }
        bytes.extend(more);
    }
}
