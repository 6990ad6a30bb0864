use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::{ReplicaId, Sequence, View};
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
    /// The primary, and the backups whose PREPAREs the certificate contains.
    pub(crate) fn signers(&self) -> impl Iterator<Item = ReplicaId> + '_ {
        let backups = self.prepares.iter().map(Signed::signer);
        std::iter::once(self.pre_prepare.signer()).chain(backups)
    }

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
