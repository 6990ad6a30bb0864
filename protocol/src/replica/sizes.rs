//! How much a replica keeps, so that whoever watches can see that it is bounded (rule 8).

use super::Replica;

/// How many of each thing a replica keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Slots above the last stable checkpoint.
    pub slots: usize,
    /// Bodies that those name.
    pub bodies: usize,
    /// Messages of views that have not started here.
    pub early: usize,
    /// Votes for checkpoints that are not stable yet.
    pub checkpoint_votes: usize,
    /// VIEW-CHANGEs.
    pub view_changes: usize,
    /// Requests that wait.
    pub requests: usize,
}

impl Replica {
    /// How much it keeps.
    #[must_use]
    pub fn sizes(&self) -> Sizes {
        let (slots, bodies) = self.log.size();
        Sizes {
            slots,
            bodies,
            early: self.early.len(),
            checkpoint_votes: self.checkpoints.votes(),
            view_changes: self.view_changes.heard.len(),
            requests: self.requests.waiting(),
        }
    }
}
