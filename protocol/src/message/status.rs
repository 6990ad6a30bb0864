use serde::{Deserialize, Serialize};

use crate::id::{Sequence, View};
use crate::signature::Signable;

/// Where the sender stands, so that others resend what it lacks (rule 17).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Its view, or the one that it wants.
    pub view: View,
    /// Whether that view has started for it.
    pub active: bool,
    /// The last slot that it executed.
    pub executed: Sequence,
    /// Its last stable checkpoint.
    pub stable: Sequence,
    /// The life in which it has lost its memory, if it has to hear from the others how far it can have been (rule 23).
    pub rejoins: Option<u64>,
}

impl Signable for Standing {
    const DOMAIN: &'static str = "standing";
}
