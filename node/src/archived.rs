//! What a process has to judge all by, as `audit` tells it: proofs, certificates and NEW-VIEWs, each an item with a name.

use std::collections::BTreeSet;

use quorate_host::Process;
use quorate_protocol::{Digest, Evidence, Sequence};
use serde::Serialize;

/// The items that a process has.
#[derive(Debug, Serialize)]
pub(crate) struct Archived {
    proofs: Vec<Proof>,
    certificates: Vec<Certificate>,
    new_views: Vec<NewView>,
}

#[derive(Debug, Serialize)]
struct Proof {
    item: String,
    accused: String,
    kind: String,
}

#[derive(Debug, Serialize)]
struct Certificate {
    item: String,
    slot: u64,
    view: u64,
    digest: String,
}

#[derive(Debug, Serialize)]
struct NewView {
    item: String,
    view: u64,
}

impl Archived {
    /// The items of a process.
    pub(crate) fn of<C>(process: &Process<C>) -> Self {
        let proofs = proofs_of(process).map(|evidence| Proof {
            item: name_of(evidence),
            accused: evidence.accused().to_string(),
            kind: evidence.kind().to_string(),
        });
        let archive = process.archive();
        let certificates = archive.certificates().filter_map(|commits| {
            let commit = commits.first()?.value();
            let Digest(digest) = commit.digest;
            Some(Certificate {
                item: format!("slot-{}", commit.sequence.0),
                slot: commit.sequence.0,
                view: commit.view.0,
                digest: quorate_wire::hex::of(&digest),
            })
        });
        let new_views = archive.new_views().map(|one| NewView {
            item: format!("view-{}", one.value().view.0),
            view: one.value().view.0,
        });
        Self {
            proofs: proofs.collect(),
            certificates: certificates.collect(),
            new_views: new_views.collect(),
        }
    }

    /// The bytes of an item. `None` if the process does not have it.
    pub(crate) fn item<C>(process: &Process<C>, name: &str) -> Option<Vec<u8>> {
        if let Some(slot) = name.strip_prefix("slot-") {
            let slot = Sequence(slot.parse().ok()?);
            return postcard::to_stdvec(process.archive().certificate(slot)?).ok();
        }
        if let Some(view) = name.strip_prefix("view-") {
            let view: u64 = view.parse().ok()?;
            let mut new_views = process.archive().new_views();
            let new_view = new_views.find(|one| one.value().view.0 == view)?;
            return Some(new_view.encode());
        }
        let proof = proofs_of(process).find(|evidence| name_of(evidence) == name)?;
        Some(proof.encode())
    }
}

/// Its proofs, and those of pardoned processes, at most one of a name.
fn proofs_of<C>(process: &Process<C>) -> impl Iterator<Item = &Evidence> {
    let replica = process.replica();
    let acting: BTreeSet<_> = replica.proofs().map(name_of).collect();
    let pardoned = replica.pardoned();
    let pardoned = pardoned.filter(move |one| !acting.contains(&name_of(one)));
    replica.proofs().chain(pardoned)
}

fn name_of(evidence: &Evidence) -> String {
    format!("{}-{}", evidence.kind(), evidence.accused())
}
