//! State: a piece of the state that this replica fetches (rule 19).

use std::sync::Arc;

use super::Replica;
use crate::id::ReplicaId;
use crate::message::{Piece, State};
use crate::misbehaviour::Misbehaviour;
use crate::mutant::Mutant;
use crate::part::Part;
use crate::snapshot::Manifest;

impl Replica {
    pub(super) fn on_state(&mut self, from: ReplicaId, state: State) {
        let sequence = state.sequence;
        let Some(fetching) = &mut self.transfer.under_way else {
            return;
        };
        let of_target = fetching.target.sequence == sequence;
        if !of_target && !fetching.is_owed_by(from) {
            return;
        }
        let right = match state.piece {
            Piece::Manifest(manifest) => {
                fetching.note_answer(from, manifest.digest());
                !of_target || self.take_manifest(manifest)
            }
            // A part of an earlier target may be one of this target, too.
            Piece::Part(part) => self.take_part(from, part) || !of_target,
        };
        if !right {
            self.reject(Misbehaviour::WrongState {
                signer: from,
                sequence,
            });
            self.refuse_source(from);
        }
    }

    /// Takes a manifest. Returns whether it is the one that a quorum has signed.
    fn take_manifest(&mut self, manifest: Manifest) -> bool {
        let Some(fetching) = &mut self.transfer.under_way else {
            return true;
        };
        if manifest.digest() != fetching.target.digest
            && !self.config.is_mutant(Mutant::StateNotChecked)
        {
            return false;
        }
        if fetching.manifest.is_none() {
            let own = |digest| self.checkpoints.part(digest).cloned();
            fetching.take_manifest(manifest, own);
            self.ask_for_state();
        }
        true
    }

    /// Takes a part. Returns whether the manifest names it.
    fn take_part(&mut self, from: ReplicaId, bytes: Arc<[u8]>) -> bool {
        let Some(fetching) = &mut self.transfer.under_way else {
            return true;
        };
        let part = Part::new(bytes);
        if fetching.manifest.is_none() {
            fetching.take_early_part(from, part);
            return true;
        }
        let named = fetching.take_part(from, part);
        if named {
            self.ask_for_state();
        }
        named
    }
}
