use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::{Sequence, View};
use crate::message::{PrePrepare, Prepare};
use crate::signature::Signed;

/// Proof that a batch is prepared: its PRE-PREPARE and PREPAREs of 2f distinct backups (rule 4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreparedCertificate {
    /// The primary's proposal.
    pub pre_prepare: Signed<PrePrepare>,
    /// The backups' PREPAREs.
    pub prepares: Vec<Signed<Prepare>>,
}

impl PreparedCertificate {
    /// The view in which the batch was prepared.
    #[must_use]
    pub fn view(&self) -> View {
        self.pre_prepare.value().view
    }

    /// The slot.
    #[must_use]
    pub fn sequence(&self) -> Sequence {
        self.pre_prepare.value().sequence
    }

    /// The digest of the prepared batch.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.pre_prepare.value().digest
    }
}
