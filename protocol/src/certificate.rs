//! Sets of signed messages that prove something. [`crate::Keys`] checks their signatures when they arrive. This file
//! checks everything else.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::digest::Digest;
use crate::id::{ReplicaId, Sequence, View};
use crate::message::{Checkpoint, Commit, PrePrepare, Prepare};
use crate::misbehaviour::{CheckpointFlaw, CommitFlaw, PreparedFlaw};
use crate::mutant::Mutant;
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
    pub const fn view(&self) -> View {
        self.pre_prepare.value().view
    }

    /// The slot.
    #[must_use]
    pub const fn sequence(&self) -> Sequence {
        self.pre_prepare.value().sequence
    }

    /// The digest of the prepared batch.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.pre_prepare.value().digest
    }

    /// Checks the certificate for use in a VIEW-CHANGE for `wanted` whose stable checkpoint is `stable` (rule 11).
    ///
    /// # Errors
    /// The first flaw found.
    pub fn check(
        &self,
        config: &Config,
        wanted: View,
        stable: Sequence,
    ) -> Result<(), PreparedFlaw> {
        let proposal = self.pre_prepare.value();
        if proposal.view >= wanted {
            return Err(PreparedFlaw::ViewTooHigh);
        }
        if proposal.sequence <= stable || proposal.sequence > config.high_watermark(stable) {
            return Err(PreparedFlaw::OutsideWindow);
        }
        let primary = proposal.view.primary(config.quorum);
        if self.pre_prepare.signer() != primary {
            return Err(PreparedFlaw::WrongPrimary);
        }
        let matches = |prepare: &Prepare| {
            (prepare.view, prepare.sequence, prepare.digest)
                == (proposal.view, proposal.sequence, proposal.digest)
        };
        if !self.prepares.iter().all(|prepare| matches(prepare.value())) {
            return Err(PreparedFlaw::FieldMismatch);
        }
        let primary_counts = config.is_mutant(Mutant::PrimaryPrepareCounts);
        let backups: BTreeSet<_> = self
            .prepares
            .iter()
            .map(Signed::signer)
            .filter(|signer| *signer != primary || primary_counts)
            .collect();
        let count = if config.is_mutant(Mutant::RepeatedPrepares) {
            self.prepares.len()
        } else {
            backups.len()
        };
        if count < config.quorum.prepares() {
            return Err(PreparedFlaw::TooFewBackups);
        }
        let more = usize::from(config.is_mutant(Mutant::OnePrepareMore));
        if self.prepares.len() > config.quorum.prepares() + more {
            return Err(PreparedFlaw::TooManyPrepares);
        }
        Ok(())
    }
}

/// Checks that `proof` makes the checkpoint at `stable` stable. Slot 0 needs no proof (rules 8 and 11).
///
/// # Errors
/// The first flaw found.
pub fn check_checkpoint(
    config: &Config,
    stable: Sequence,
    proof: &[Signed<Checkpoint>],
) -> Result<(), CheckpointFlaw> {
    if stable == Sequence(0) {
        return if proof.is_empty() {
            Ok(())
        } else {
            Err(CheckpointFlaw::Mixed)
        };
    }
    if !stable.0.is_multiple_of(config.checkpoint_interval) {
        return Err(CheckpointFlaw::NotAMultiple);
    }
    let Some(first) = proof.first() else {
        return Err(CheckpointFlaw::TooFewSigners);
    };
    let wanted = Checkpoint {
        sequence: stable,
        digest: first.value().digest,
    };
    if proof.iter().any(|checkpoint| *checkpoint.value() != wanted) {
        return Err(CheckpointFlaw::Mixed);
    }
    let signers: BTreeSet<_> = proof.iter().map(Signed::signer).collect();
    if signers.len() < config.quorum.size() {
        return Err(CheckpointFlaw::TooFewSigners);
    }
    if signers.len() < proof.len() {
        return Err(CheckpointFlaw::SignerTwice);
    }
    Ok(())
}

/// Checks that `proof` commits a slot: a quorum of matching COMMITs (rule 5). Returns the COMMIT that they agree on.
///
/// # Errors
/// The first flaw found.
pub fn check_commits(config: &Config, proof: &[Signed<Commit>]) -> Result<Commit, CommitFlaw> {
    let Some(commit) = proof.first().map(|first| *first.value()) else {
        return Err(CommitFlaw::TooFewSigners);
    };
    if proof.iter().any(|other| *other.value() != commit) {
        return Err(CommitFlaw::Mixed);
    }
    let signers: BTreeSet<_> = proof.iter().map(Signed::signer).collect();
    if signers.len() < config.quorum.size() {
        return Err(CommitFlaw::TooFewSigners);
    }
    if signers.len() < proof.len() {
        return Err(CommitFlaw::SignerTwice);
    }
    Ok(commit)
}
