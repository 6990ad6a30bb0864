//! Messages signed with any replica's key.

use quorate_protocol::certificate::PreparedCertificate;
use quorate_protocol::message::{
    Batch, Checkpoint, Commit, NewView, PrePrepare, Prepare, Request, ViewChange,
};
use quorate_protocol::signature::Signable;
use quorate_protocol::{
    ClientId, ClientKey, ClusterId, Digest, Effect, ReplicaId, Sequence, Signed, SignedMessage,
    Timestamp, Verified, View,
};

use super::Network;

/// The key of a client.
pub(crate) fn key_of(name: &str) -> ClientKey {
    let Digest(secret) = Digest::of(&[name.as_bytes()]);
    ClientKey::new(&secret)
}

/// The index of a client that is a process; 99 for a client outside.
pub(super) fn number_of(client: ClientId) -> u32 {
    client.process().map_or(99, |process| process.0)
}

pub(super) fn the_request(client: u32, timestamp: u64) -> Request {
    let operation = format!("{client}/{timestamp}").into_bytes();
    Request::new(ReplicaId(client).into(), Timestamp(timestamp), operation)
}

impl Network {
    pub(crate) fn sign<T: Signable>(&self, signer: u32, value: T) -> Signed<T> {
        self.verified(signer, value).into_signed()
    }

    /// A value that shares its signature with no other. So what is signed twice has the same bytes.
    fn verified<T: Signable>(&self, signer: u32, value: T) -> Verified<T> {
        let signed = self.node(signer).keys.sign(value);
        postcard::to_stdvec(signed.signed()).expect("plain data encodes");
        signed
    }

    pub(crate) fn request(&self, client: u32, timestamp: u64) -> Signed<Request> {
        self.sign(client, the_request(client, timestamp))
    }

    /// A client's request, verified.
    pub(crate) fn verified_request(
        &self,
        speaker: u32,
        name: &str,
        timestamp: u64,
    ) -> Verified<Request> {
        let request = self.named_request(speaker, name, timestamp);
        self.verified(speaker, request.value().clone())
    }

    /// A client's request, signed by the process that speaks for the client.
    pub(crate) fn named_request(
        &self,
        speaker: u32,
        name: &str,
        timestamp: u64,
    ) -> Signed<Request> {
        let client = ClientId::named(ReplicaId(speaker), name);
        let operation = format!("{name}/{timestamp}").into_bytes();
        self.sign(
            speaker,
            Request::new(client, Timestamp(timestamp), operation),
        )
    }

    pub(crate) fn cluster(&self) -> ClusterId {
        self.node(0).keys.cluster()
    }

    /// The request of a client with a key, carried by a process.
    pub(crate) fn keyed_request(
        &self,
        carrier: u32,
        name: &str,
        timestamp: u64,
    ) -> Signed<Request> {
        let operation = format!("{name}/{timestamp}").into_bytes();
        let key = key_of(name);
        let request = key.request(self.cluster(), Timestamp(timestamp), operation);
        self.sign(carrier, request)
    }

    /// A batch with one request.
    pub(crate) fn batch(&self, client: u32, timestamp: u64) -> Batch {
        Batch::new(vec![self.request(client, timestamp)])
    }

    pub(crate) fn proposal(
        &self,
        signer: u32,
        view: u64,
        sequence: u64,
        batch: &Batch,
    ) -> Signed<PrePrepare> {
        let (view, sequence) = (View(view), Sequence(sequence));
        self.sign(
            signer,
            PrePrepare {
                view,
                sequence,
                digest: batch.digest(),
            },
        )
    }

    pub(crate) fn pre_prepare(
        &self,
        signer: u32,
        view: u64,
        sequence: u64,
        batch: &Batch,
    ) -> SignedMessage {
        let pre_prepare = self.proposal(signer, view, sequence, batch);
        SignedMessage::PrePrepare {
            pre_prepare,
            batch: batch.clone(),
        }
    }

    pub(crate) fn signed_prepare(
        &self,
        signer: u32,
        view: u64,
        sequence: u64,
        batch: &Batch,
    ) -> Signed<Prepare> {
        let (view, sequence) = (View(view), Sequence(sequence));
        self.sign(
            signer,
            Prepare {
                view,
                sequence,
                digest: batch.digest(),
            },
        )
    }

    pub(crate) fn prepare(
        &self,
        signer: u32,
        view: u64,
        sequence: u64,
        batch: &Batch,
    ) -> SignedMessage {
        SignedMessage::Prepare(self.signed_prepare(signer, view, sequence, batch))
    }

    pub(crate) fn signed_commit(
        &self,
        signer: u32,
        view: u64,
        sequence: u64,
        batch: &Batch,
    ) -> Signed<Commit> {
        let (view, sequence) = (View(view), Sequence(sequence));
        self.sign(
            signer,
            Commit {
                view,
                sequence,
                digest: batch.digest(),
            },
        )
    }

    pub(crate) fn commit(
        &self,
        signer: u32,
        view: u64,
        sequence: u64,
        batch: &Batch,
    ) -> SignedMessage {
        SignedMessage::Commit(self.signed_commit(signer, view, sequence, batch))
    }

    pub(crate) fn checkpoint(
        &self,
        signer: u32,
        sequence: u64,
        digest: Digest,
    ) -> Signed<Checkpoint> {
        self.sign(
            signer,
            Checkpoint {
                sequence: Sequence(sequence),
                digest,
            },
        )
    }

    pub(crate) fn certificate(
        &self,
        view: u64,
        sequence: u64,
        batch: &Batch,
        preparers: &[u32],
    ) -> PreparedCertificate {
        let primary = u32::try_from(view % u64::from(self.n())).expect("few replicas");
        PreparedCertificate {
            pre_prepare: self.proposal(primary, view, sequence, batch),
            prepares: preparers
                .iter()
                .map(|i| self.signed_prepare(*i, view, sequence, batch))
                .collect(),
        }
    }

    /// A VIEW-CHANGE without a stable checkpoint.
    pub(crate) fn wish(
        &self,
        signer: u32,
        view: u64,
        prepared: Vec<PreparedCertificate>,
    ) -> Signed<ViewChange> {
        self.wish_from(signer, view, 0, Vec::new(), prepared)
    }

    /// A VIEW-CHANGE with a stable checkpoint.
    pub(crate) fn wish_from(
        &self,
        signer: u32,
        view: u64,
        stable: u64,
        checkpoint_proof: Vec<Signed<Checkpoint>>,
        prepared: Vec<PreparedCertificate>,
    ) -> Signed<ViewChange> {
        let (view, stable) = (View(view), Sequence(stable));
        self.sign(
            signer,
            ViewChange {
                view,
                life: 0,
                stable,
                checkpoint_proof,
                prepared,
            },
        )
    }

    /// VIEW-CHANGEs without certificates.
    pub(crate) fn wishes(&self, signers: &[u32], view: u64) -> Vec<Signed<ViewChange>> {
        signers
            .iter()
            .map(|i| self.wish(*i, view, Vec::new()))
            .collect()
    }

    pub(crate) fn new_view(
        &self,
        signer: u32,
        view: u64,
        view_changes: Vec<Signed<ViewChange>>,
        chosen: &[(u64, Digest)],
    ) -> SignedMessage {
        let chosen = chosen
            .iter()
            .map(|(n, digest)| (Sequence(*n), *digest))
            .collect();
        let new_view = NewView {
            view: View(view),
            view_changes,
            chosen,
        };
        let pre_prepares = new_view
            .proposals()
            .map(|proposal| self.sign(signer, proposal))
            .collect();
        SignedMessage::NewView {
            new_view: self.sign(signer, new_view),
            pre_prepares,
        }
    }

    /// Makes one replica commit a batch, with the votes of all others.
    pub(crate) fn commit_at(
        &mut self,
        at: u32,
        view: u64,
        sequence: u64,
        batch: &Batch,
    ) -> Vec<Effect> {
        let primary = u32::try_from(view % u64::from(self.n())).expect("few replicas");
        let others: Vec<u32> = (0..self.n()).filter(|i| *i != at).collect();
        let mut effects = self.deliver(at, self.pre_prepare(primary, view, sequence, batch));
        for i in others.iter().filter(|i| **i != primary) {
            effects.extend(self.deliver(at, self.prepare(*i, view, sequence, batch)));
        }
        for i in &others {
            effects.extend(self.deliver(at, self.commit(*i, view, sequence, batch)));
        }
        effects
    }
}
