//! Honest replicas are never accused (rule 25).

use quorate_protocol::{Evidence, ReplicaId};

/// The rule.
pub const RULE: &str = "rule 25: whatever the network does, no correct process has proof against another correct process";

/// A correct process accused another correct process.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{by} accuses {accused}, which is correct: {evidence}")]
pub struct HonestAccused {
    /// Who accuses.
    pub by: ReplicaId,
    /// The accused process.
    pub accused: ReplicaId,
    /// The evidence.
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

#[cfg(test)]
mod tests {
    use super::check;
    use quorate_protocol::message::Prepare;
    use quorate_protocol::{ClusterId, Digest, Evidence, Keys, ReplicaId, Sequence, View};

    #[test]
    fn proof_against_a_correct_process_is_found() {
        let prepare = Prepare {
            view: View(0),
            sequence: Sequence(1),
            digest: Digest([1; 32]),
        };
        let keys = Keys::simulated(ReplicaId(0), 4, ClusterId([7; 32]));
        let evidence = Evidence::PrimaryPrepared(keys.sign(prepare).into_signed());
        let among = |correct: &[u32]| {
            let correct: Vec<ReplicaId> = correct.iter().copied().map(ReplicaId).collect();
            check(&correct, ReplicaId(3), &evidence)
        };
        assert_eq!(among(&[1, 2, 3]), Ok(()));
        assert_eq!(among(&[0, 2, 3]).unwrap_err().accused, ReplicaId(0));
    }
}
