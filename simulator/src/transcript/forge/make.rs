//! Makes the messages and certificates that a script describes, signed with any replica's key.

use std::collections::BTreeMap;

use quorate_protocol::certificate::PreparedCertificate;
use quorate_protocol::message::{
    Batch, Checkpoint, Commit, NewView, Piece, PrePrepare, Prepare, State, ViewChange,
};
use quorate_protocol::snapshot::Manifest;
use quorate_protocol::{Digest, ReplicaId, Sequence, Signed, SignedMessage, View};

use super::{Forged, Made, Subject, Wish};
use crate::transcript::order::Order;
use crate::transcript::sign::Signer;

/// What a message is made from.
pub(in crate::transcript) struct Forge<'a> {
    pub(in crate::transcript) signer: Signer,
    /// The certificates, checkpoints and VIEW-CHANGEs that have a name.
    pub(in crate::transcript) made: &'a BTreeMap<String, Made>,
    /// The manifests that were sent so far, by slot.
    pub(in crate::transcript) manifests: &'a BTreeMap<Sequence, Manifest>,
}

impl Forge<'_> {
    /// The message that the words describe.
    ///
    /// # Errors
    /// A name in the words is unknown or of another kind, or no process sent the manifest.
    pub(in crate::transcript) fn message(&self, forged: &Forged) -> Result<SignedMessage, String> {
        Ok(match forged {
            Forged::Request(order) => {
                SignedMessage::Request(self.signer.request(order).into_signed())
            }
            Forged::PrePrepare(subject, by, bare) => SignedMessage::PrePrepare {
                pre_prepare: self.proposal(subject, *by),
                batch: if *bare {
                    Batch::null()
                } else {
                    self.signer.batch(&subject.batch)
                },
            },
            Forged::Prepare(subject, by) => {
                SignedMessage::Prepare(self.prepare(subject, &subject.batch, *by))
            }
            Forged::Commit(subject, by) => {
                let commit = Commit {
                    view: View(subject.view),
                    sequence: Sequence(subject.slot),
                    digest: self.digest(&subject.batch),
                };
                SignedMessage::Commit(self.signer.sign(*by, commit))
            }
            Forged::Checkpoint { slot, state, by } => {
                SignedMessage::Checkpoint(self.checkpoint(*slot, state, *by))
            }
            Forged::ViewChange(Some(name), _) => SignedMessage::ViewChange(self.named(name)?),
            Forged::ViewChange(None, Some(wish)) => SignedMessage::ViewChange(self.wish(wish)?),
            Forged::ViewChange(None, None) => return Err("no VIEW-CHANGE".to_owned()),
            Forged::NewView {
                view,
                by,
                from,
                choosing,
            } => self.new_view(*view, *by, from, choosing)?,
            Forged::Manifest { slot, of, by } => {
                let manifest = self.manifests.get(&Sequence(*of));
                let manifest =
                    manifest.ok_or_else(|| format!("no process sent a manifest of {of}"))?;
                self.state(*slot, Piece::Manifest(manifest.clone()), *by)
            }
            Forged::Part { slot, part, by } => {
                self.state(*slot, Piece::Part(part.as_bytes().into()), *by)
            }
        })
    }

    fn digest(&self, orders: &[Order]) -> Digest {
        self.signer.batch(orders).digest()
    }

    fn proposal(&self, subject: &Subject, by: ReplicaId) -> Signed<PrePrepare> {
        let pre_prepare = PrePrepare {
            view: View(subject.view),
            sequence: Sequence(subject.slot),
            digest: self.digest(&subject.batch),
        };
        self.signer.sign(by, pre_prepare)
    }

    fn prepare(&self, subject: &Subject, batch: &[Order], by: ReplicaId) -> Signed<Prepare> {
        let prepare = Prepare {
            view: View(subject.view),
            sequence: Sequence(subject.slot),
            digest: self.digest(batch),
        };
        self.signer.sign(by, prepare)
    }

    fn state(&self, slot: u64, piece: Piece, by: ReplicaId) -> SignedMessage {
        let sequence = Sequence(slot);
        SignedMessage::State(self.signer.sign(by, State { sequence, piece }))
    }

    fn lookup(&self, name: &str) -> Result<&Made, String> {
        self.made
            .get(name)
            .ok_or_else(|| format!("nothing has the name '{name}'"))
    }

    fn certificate(&self, name: &str) -> Result<PreparedCertificate, String> {
        let Made::Certificate {
            subject,
            proposer,
            preparers,
        } = self.lookup(name)?
        else {
            return Err(format!("'{name}' is not a certificate"));
        };
        let primary = self.signer.primary(subject.view);
        let mut prepares = Vec::new();
        for group in preparers {
            let batch = group.batch.as_ref().unwrap_or(&subject.batch);
            prepares.extend(group.by.iter().map(|by| self.prepare(subject, batch, *by)));
        }
        Ok(PreparedCertificate {
            pre_prepare: self.proposal(subject, proposer.unwrap_or(primary)),
            prepares,
        })
    }

    fn checkpoint(&self, slot: u64, state: &str, by: ReplicaId) -> Signed<Checkpoint> {
        let checkpoint = Checkpoint {
            sequence: Sequence(slot),
            digest: Digest::of(&[state.as_bytes()]),
        };
        self.signer.sign(by, checkpoint)
    }

    fn checkpoints(&self, name: &str) -> Result<Vec<Signed<Checkpoint>>, String> {
        let Made::Checkpoints(slot, states) = self.lookup(name)? else {
            return Err(format!("'{name}' is not a set of checkpoints"));
        };
        let mut proof = Vec::new();
        for (state, by) in states {
            proof.extend(by.iter().map(|by| self.checkpoint(*slot, state, *by)));
        }
        Ok(proof)
    }

    fn named(&self, name: &str) -> Result<Signed<ViewChange>, String> {
        match self.lookup(name)? {
            Made::ViewChange(wish) => self.wish(wish),
            _ => Err(format!("'{name}' is not a VIEW-CHANGE")),
        }
    }

    fn wish(&self, wish: &Wish) -> Result<Signed<ViewChange>, String> {
        let (stable, checkpoint_proof) = match &wish.stable {
            Some((slot, name)) => (*slot, self.checkpoints(name)?),
            None => (0, Vec::new()),
        };
        let certificates = wish.carrying.iter().map(|name| self.certificate(name));
        let view_change = ViewChange {
            view: View(wish.view),
            life: 0,
            stable: Sequence(stable),
            checkpoint_proof,
            prepared: certificates.collect::<Result<_, _>>()?,
        };
        Ok(self.signer.sign(wish.by, view_change))
    }

    fn new_view(
        &self,
        view: u64,
        by: ReplicaId,
        from: &[String],
        choosing: &[(u64, Vec<Order>)],
    ) -> Result<SignedMessage, String> {
        let wishes = from.iter().map(|name| match name.parse() {
            Ok(by) => self.wish(&Wish {
                view,
                by,
                stable: None,
                carrying: Vec::new(),
            }),
            Err(_) => self.named(name),
        });
        let chosen = choosing
            .iter()
            .map(|(slot, batch)| (Sequence(*slot), self.digest(batch)));
        let new_view = NewView {
            view: View(view),
            view_changes: wishes.collect::<Result<_, _>>()?,
            chosen: chosen.collect(),
        };
        let pre_prepares = new_view
            .proposals()
            .map(|proposal| self.signer.sign(by, proposal))
            .collect();
        Ok(SignedMessage::NewView {
            new_view: self.signer.sign(by, new_view),
            pre_prepares,
        })
    }
}
