//! FetchState: a peer lacks a state (rule 19).

use super::Replica;
use crate::effect::Effect;
use crate::id::ReplicaId;
use crate::message::{FetchState, Message, Piece, Recall, Stable, State};
use crate::signature::Signed;

impl Replica {
    pub(super) fn on_fetch_state(&mut self, from: ReplicaId, wanted: FetchState) {
        if from == self.own() {
            return;
        }
        let FetchState { sequence, part } = wanted;
        let piece = match part {
            None => self
                .checkpoints
                .snapshot(sequence)
                .map(|snapshot| Piece::Manifest(snapshot.manifest().clone())),
            Some(digest) => self
                .checkpoints
                .part(digest)
                .map(|part| Piece::Part(part.bytes())),
        };
        match piece {
            Some(piece) if self.may_send_piece(from, piece.len()) => {
                let message = Message::State(State { sequence, piece });
                self.effects.push(Effect::Send { to: from, message });
            }
            None if self.low_watermark() > sequence => self.send_stable(from, None),
            Some(_) | None => {}
        }
    }

    /// Sends the last stable checkpoint to a replica that is behind it. This replica no longer has the slots at or
    /// below it.
    pub(super) fn send_stable(&mut self, to: ReplicaId, recall: Option<Recall>) {
        let proof = self.checkpoints.proof();
        if !self.may_send(to, proof.iter().map(Signed::weight).sum()) {
            return;
        }
        let message = Message::Stable(Stable { proof, recall });
        self.effects.push(Effect::Send { to, message });
    }
}
