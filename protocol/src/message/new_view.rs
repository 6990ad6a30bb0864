use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::{Sequence, View};
use crate::message::{PrePrepare, ViewChange};
use crate::signature::{Signable, Signed};

/// NEW-VIEW(v+1,V,O): the primary of v+1 starts that view (C4.4, rule 12).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewView {
    /// v+1.
    pub view: View,
    /// V, a quorum of VIEW-CHANGEs for v+1.
    pub view_changes: Vec<Signed<ViewChange>>,
    /// O: the slot and digest of each proposal, in slot order.
    pub chosen: Vec<(Sequence, Digest)>,
}

impl NewView {
    /// O as PRE-PREPAREs. The primary signs each of them, so that it can stand in a later certificate.
    pub fn proposals(&self) -> impl Iterator<Item = PrePrepare> + '_ {
        self.chosen.iter().map(|&(sequence, digest)| PrePrepare {
            view: self.view,
            sequence,
            digest,
        })
    }
}

impl Signable for NewView {
    const DOMAIN: &'static str = "new-view";
}
