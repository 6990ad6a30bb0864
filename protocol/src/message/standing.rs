use serde::{Deserialize, Serialize};

use crate::id::{Sequence, View};
use crate::signature::Signable;

/// How far the sender is, so that the others send again what it lacks (rule 17).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Its current view, or the one that it asks for.
    pub view: View,
    /// Whether that view has started at the sender.
    pub active: bool,
    /// The last slot that it has executed.
    pub executed: Sequence,
    /// Its last stable checkpoint.
    pub stable: Sequence,
    /// The sender's life, if it has lost its memory and must still learn how far its earlier life got (rule 23).
    pub rejoins: Option<u64>,
}

impl Signable for Standing {
    const DOMAIN: &'static str = "standing";
}
