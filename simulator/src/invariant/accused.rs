//! Honest replicas are never accused (rule 25).

use quorate_protocol::{Evidence, ReplicaId};

/// The rule.
pub const RULE: &str =
    "rule 25: whatever the network does, no correct process has proof against another";

/// A correct process accused another.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{by} accuses {accused}, which is correct: {evidence}")]
pub struct HonestAccused {
    /// Who accuses.
    pub by: ReplicaId,
    /// Whom.
    pub accused: ReplicaId,
    /// With what.
    pub evidence: String,
}

/// Checks one accusation.
///
/// # Errors
/// The accused is correct.
pub fn check(
    correct: &[ReplicaId],
    by: ReplicaId,
    evidence: &Evidence,
) -> Result<(), HonestAccused> {
    let accused = evidence.accused();
    if correct.contains(&accused) {
        let evidence = format!("{evidence:?}");
        return Err(HonestAccused {
            by,
            accused,
            evidence,
        });
    }
    Ok(())
}
