//! How much a replica keeps, so that observers can see that it is bounded (rule 8).

use super::Replica;

/// The numbers of things that a replica keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Slots above the last stable checkpoint.
    pub slots: usize,
    /// Bodies that these slots name.
    pub bodies: usize,
    /// Bytes of these bodies.
    pub body_bytes: usize,
    /// Proposals and votes of other views than the current one, and votes that decide nothing, kept to compare later ones with
    /// them (rule 24).
    pub statements: usize,
    /// Messages of views that have not started here.
    pub early: usize,
    /// Votes for checkpoints that are not stable yet.
    pub checkpoint_votes: usize,
    /// VIEW-CHANGEs.
    pub view_changes: usize,
    /// Bytes of these VIEW-CHANGEs, and of the NEW-VIEW of the current view.
    pub view_change_bytes: usize,
    /// Bytes of proofs.
    pub proof_bytes: usize,
    /// Waiting requests.
    pub requests: usize,
    /// Bytes of the waiting requests of the speaker that has the most.
    pub request_bytes: usize,
    /// Bytes of the results in the reply table.
    pub result_bytes: usize,
    /// Bytes that the clients in the reply table count for.
    pub client_bytes: usize,
    /// Bytes of the messages of views that have not started here, of the sender that has the most.
    pub early_bytes: usize,
    /// Bytes of the parts that are here of a state that is being fetched.
    pub part_bytes: usize,
    /// Bytes of this replica's own state at a checkpoint, of the largest that is kept. Others fetch no more.
    pub state_bytes: usize,
}

impl Replica {
    /// How much this replica keeps.
    #[must_use]
    pub fn sizes(&self) -> Sizes {
        let (slots, bodies) = self.log.size();
        Sizes {
            slots,
            bodies,
            body_bytes: self.log.body_bytes(),
            statements: self.log.statements(),
            early: self.early.len(),
            checkpoint_votes: self.checkpoints.votes(),
            view_changes: self.view_changes.len(),
            view_change_bytes: self.view_changes.bytes(),
            proof_bytes: self.dossier.bytes(),
            requests: self.requests.waiting(),
            request_bytes: self.requests.longest_line(),
            result_bytes: self.requests.replies().bytes(),
            client_bytes: self.requests.replies().clients(),
            early_bytes: self.early.most_bytes(),
            part_bytes: self.transfer.part_bytes(),
            state_bytes: self.checkpoints.state_bytes(),
        }
    }
}
