//! What the processes have, call by call.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use quorate_cli::console::complain;
use quorate_wire::method::{Audit, AuditItem};

use super::judge::{Findings, Judge};
use super::listing::Listing;
use crate::exit::no_answer;
use crate::target::Process;
use crate::verdict::Split;

/// The most bytes of one item: more than two of the largest messages.
const MOST_BYTES: usize = 16 * 1024 * 1024;

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

    /// Fetches what proves something, and checks it. What is not valid is told, and left out: a liar may hand out anything.
    pub(crate) async fn fetch(&self, judge: &mut Judge) -> anyhow::Result<Findings> {
        let mut findings = Findings::default();
        let mut known = BTreeSet::new();
        for (process, listing) in &self.of {
            for proof in &listing.proofs {
                if known.contains(&(&proof.accused, &proof.kind)) {
                    continue;
                }
                let bytes = fetch(process, &proof.item).await?;
                if let Some(evidence) = valid(process, judge.proof(&bytes)) {
                    known.insert((&proof.accused, &proof.kind));
                    findings.proofs.push(evidence);
                }
            }
        }
        let Some((slot, view)) = self.first_disagreement() else {
            return Ok(findings);
        };
        for (process, listing) in &self.of {
            let mut certificates = listing.certificates.iter();
            if let Some(one) = certificates.find(|one| one.slot == slot) {
                let bytes = fetch(process, &one.item).await?;
                if let Some(commits) = valid(process, judge.certificate(&bytes)) {
                    findings.certificates.push((process.name.clone(), commits));
                }
            }
            for one in listing.new_views.iter().filter(|one| one.view > view) {
                let bytes = fetch(process, &one.item).await?;
                if let Some(new_view) = valid(process, judge.new_view(&bytes))
                    && !findings.new_views.contains(&new_view)
                {
                    findings.new_views.push(new_view);
                }
            }
        }
        findings.forensics = judge.forensics(&findings.certificates, &findings.new_views)?;
        Ok(findings)
    }

    /// The first slot in which two of them executed different batches. No signature is checked.
    pub(crate) fn split(&self) -> Option<Split> {
        let (slot, _) = self.first_disagreement()?;
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

    /// The first slot in which two processes executed different batches, and the lowest view in which one was committed.
    fn first_disagreement(&self) -> Option<(u64, u64)> {
        let mut slots: BTreeMap<u64, BTreeMap<&str, u64>> = BTreeMap::new();
        for one in self
            .of
            .iter()
            .flat_map(|(_, listing)| &listing.certificates)
        {
            let views = slots.entry(one.slot).or_default();
            let lowest = views.entry(&one.digest).or_insert(one.view);
            *lowest = one.view.min(*lowest);
        }
        let (slot, digests) = slots.into_iter().find(|(_, digests)| digests.len() > 1)?;
        Some((slot, digests.into_values().min()?))
    }
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
