//! Sets of signed messages that prove something. [`crate::Keys`] checks their signatures when they arrive. This file
//! checks everything else.

use std::collections::BTreeSet;

use crate::config::Config;
use crate::id::{Sequence, View};
use crate::message::{Checkpoint, Commit, Prepare, ViewChange};
use crate::misbehaviour::{CheckpointFlaw, CommitFlaw, Misbehaviour, PreparedFlaw};
use crate::mutant::Mutant;
use crate::signature::Signed;

pub use crate::message::PreparedCertificate;

impl PreparedCertificate {
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
        if self.prepares.len() > config.quorum.prepares() {
            return Err(PreparedFlaw::TooManyPrepares);
        }
        Ok(())
    }
}

/// Checks C and P of a VIEW-CHANGE (rule 11).
///
/// # Errors
/// The first flaw found.
pub fn check_view_change(
    config: &Config,
    view_change: &Signed<ViewChange>,
) -> Result<(), Misbehaviour> {
    let signer = view_change.signer();
    let ViewChange {
        view,
        life: _,
        stable,
        checkpoint_proof,
        prepared,
    } = view_change.value();
    check_checkpoint(config, *stable, checkpoint_proof)
        .map_err(|why| Misbehaviour::InvalidCheckpointProof { signer, why })?;
    let flawed = |why| Misbehaviour::InvalidPrepared { signer, why };
    if !prepared.is_sorted_by(|a, b| a.sequence() < b.sequence()) {
        return Err(flawed(PreparedFlaw::SlotTwice));
    }
    prepared
        .iter()
        .try_for_each(|certificate| certificate.check(config, *view, *stable))
        .map_err(flawed)
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
