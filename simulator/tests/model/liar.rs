//! P, the primary of view 0: what it can say, to anyone, at any time or never.

use std::collections::BTreeMap;
use std::sync::Arc;

use quorate_protocol::certificate::PreparedCertificate;
use quorate_protocol::message::{Batch, Body, Commit, PrePrepare, Prepare, Request, ViewChange};
use quorate_protocol::{
    ClientId, Digest, Keys, ReplicaId, Sequence, Signed, SignedMessage, Timestamp, View,
};

/// A message: from whom, for whom.
pub(crate) type Spoken = (ReplicaId, Option<ReplicaId>, Arc<SignedMessage>);

const P: ReplicaId = ReplicaId(0);
const SLOT: Sequence = Sequence(1);

pub(crate) struct Liar {
    batches: [Batch; 2],
}

fn spoken(to: Option<ReplicaId>, message: SignedMessage) -> Spoken {
    (P, to, Arc::new(message))
}

impl Liar {
    /// It has the client's request, and one of its own making.
    pub(crate) fn new(keys: &Keys) -> Self {
        let batches = ["client", "other"].map(|name| Batch {
            requests: vec![request(keys, name)],
        });
        Self { batches }
    }

    /// The client's request.
    pub(crate) fn request(&self) -> SignedMessage {
        SignedMessage::Request(self.batches[0].requests[0].clone())
    }

    /// What it can say from the start: one of its two batches to each, COMMITs for both, a VIEW-CHANGE that knows of
    /// nothing.
    pub(crate) fn opening(&self, keys: &Keys, proposed: [usize; 3]) -> Vec<Spoken> {
        let mut all = Vec::new();
        for (to, which) in (1..).map(ReplicaId).zip(proposed) {
            let batch = self.batches[which].clone();
            let pre_prepare = keys.sign(proposal(&batch)).into_signed();
            let message = SignedMessage::PrePrepare { pre_prepare, batch };
            all.push(spoken(Some(to), message));
        }
        for which in 0..2 {
            if proposed.contains(&which) {
                let commit = commit(View(0), self.batches[which].digest());
                let message = SignedMessage::Commit(keys.sign(commit).into_signed());
                all.push(spoken(None, message));
            }
        }
        for batch in &self.batches {
            let batch = batch.clone();
            let body = keys.sign(Body { batch }).into_signed();
            all.push(spoken(None, SignedMessage::Body(body)));
        }
        all.push(wish(keys, Vec::new()));
        all
    }

    /// VIEW-CHANGEs with what the PREPAREs of view 0 prove.
    pub(crate) fn wishes(&self, keys: &Keys, prepares: &[Signed<Prepare>]) -> Vec<Spoken> {
        let mut by_digest: BTreeMap<Digest, Vec<Signed<Prepare>>> = BTreeMap::new();
        for prepare in prepares.iter().filter(|one| one.value().view == View(0)) {
            let of = by_digest.entry(prepare.value().digest).or_default();
            of.push(prepare.clone());
        }
        let mut wishes = Vec::new();
        for batch in &self.batches {
            let mut prepares = by_digest.remove(&batch.digest()).unwrap_or_default();
            prepares.sort_by_key(Signed::signer);
            prepares.truncate(2);
            if prepares.len() == 2 {
                let pre_prepare = keys.sign(proposal(batch)).into_signed();
                let certificate = PreparedCertificate {
                    pre_prepare,
                    prepares,
                };
                wishes.push(wish(keys, vec![certificate]));
            }
        }
        wishes
    }
}

fn request(keys: &Keys, name: &str) -> Signed<Request> {
    let request = Request {
        client: ClientId::named(name),
        timestamp: Timestamp(1),
        operation: name.as_bytes().to_vec(),
    };
    keys.sign(request).into_signed()
}

fn proposal(batch: &Batch) -> PrePrepare {
    PrePrepare {
        view: View(0),
        sequence: SLOT,
        digest: batch.digest(),
    }
}

fn commit(view: View, digest: Digest) -> Commit {
    Commit {
        view,
        sequence: SLOT,
        digest,
    }
}

fn wish(keys: &Keys, prepared: Vec<PreparedCertificate>) -> Spoken {
    let view_change = ViewChange {
        view: View(1),
        life: 0,
        stable: Sequence(0),
        checkpoint_proof: Vec::new(),
        prepared,
    };
    let message = SignedMessage::ViewChange(keys.sign(view_change).into_signed());
    spoken(None, message)
}
