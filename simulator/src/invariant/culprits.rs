//! Culprits: a disagreement proves at least f+1 processes faulty, and no correct process. If a quorum of the processes are
//! faulty, it need not prove anybody faulty: they can commit in a view that no correct process has entered, and nobody else
//! has the NEW-VIEW of that view.

use std::collections::{BTreeMap, BTreeSet};

use quorate_protocol::forensics::proofs;
use quorate_protocol::message::{Commit, NewView};
use quorate_protocol::{Config, Evidence, ReplicaId, Sequence, Signed};

use super::agreement::Disagreement;

/// The rule.
pub const RULE: &str = "rules 24 and 25: when correct processes disagree, at least f+1 processes are proved faulty (if every quorum has a correct one), and no correct one is";

/// A disagreement whose evidence names a correct process, or too few processes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{disagreement}: the evidence must name at least {needed} processes, and no correct one")]
pub struct WrongCulprits {
    /// The disagreement, with the processes that the evidence names.
    pub disagreement: Disagreement,
    /// How many must be named.
    pub needed: usize,
}

/// The evidence of the correct processes.
#[derive(Debug)]
pub struct Culprits {
    config: Config,
    correct: Vec<ReplicaId>,
    /// The proofs of each process for each slot. One that starts again from its disk may execute the slot again, by
    /// another proof.
    commits: BTreeMap<(ReplicaId, Sequence), Vec<Vec<Signed<Commit>>>>,
    new_views: Vec<Signed<NewView>>,
}

impl Culprits {
    /// No evidence yet; these processes are correct.
    #[must_use]
    pub const fn new(config: Config, correct: Vec<ReplicaId>) -> Self {
        Self {
            config,
            correct,
            commits: BTreeMap::new(),
            new_views: Vec::new(),
        }
    }

    /// A correct process has proof that a slot is committed.
    pub fn committed(&mut self, by: ReplicaId, proof: &[Signed<Commit>]) {
        if let Some(first) = proof.first() {
            let slot = (by, first.value().sequence);
            let known = self.commits.entry(slot).or_default();
            if !known.iter().any(|one| one == proof) {
                known.push(proof.to_vec());
            }
        }
    }

    /// A correct process has kept a NEW-VIEW.
    pub fn began(&mut self, new_view: &Signed<NewView>) {
        if !self.new_views.contains(new_view) {
            self.new_views.push(new_view.clone());
        }
    }

    /// The processes that a disagreement proves faulty: each by two of its messages, which anybody can check.
    #[must_use]
    pub fn of(&self, disagreement: &Disagreement) -> BTreeSet<ReplicaId> {
        let certificates = |by| {
            let proofs = self.commits.get(&(by, disagreement.sequence));
            proofs.into_iter().flatten()
        };
        certificates(disagreement.first)
            .flat_map(|one| certificates(disagreement.second).map(move |other| (one, other)))
            .flat_map(|(one, other)| proofs(one, other, &self.new_views))
            .filter(|evidence| evidence.holds(&self.config))
            .map(|evidence| Evidence::accused(&evidence))
            .collect()
    }

    fn needed(&self) -> usize {
        let faulty = self.config.quorum.n() as usize - self.correct.len();
        if faulty < self.config.quorum.size() {
            self.config.quorum.one_correct()
        } else {
            0
        }
    }

    /// Checks the processes that a disagreement proves faulty.
    ///
    /// # Errors
    /// They are fewer than f+1, or one of them is correct.
    pub fn check(&self, disagreement: &Disagreement) -> Result<(), WrongCulprits> {
        let needed = self.needed();
        let named = &disagreement.culprits;
        if named.len() >= needed && !named.iter().any(|one| self.correct.contains(one)) {
            return Ok(());
        }
        Err(WrongCulprits {
            disagreement: disagreement.clone(),
            needed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Culprits;
    use crate::invariant::agreement::Agreement;
    use quorate_protocol::message::Commit;
    use quorate_protocol::{ClusterId, Config, Digest, Keys, Quorum, ReplicaId, Sequence, View};
    use std::num::NonZeroU32;

    #[test]
    fn scenario_33_a_process_that_executes_otherwise_after_a_restart_is_not_named_but_who_signed_both()
     {
        let quorum = Quorum::of(NonZeroU32::new(4).unwrap());
        let restarted = ReplicaId(1);
        let proof = |digest, signers: [u32; 3]| {
            signers.map(|signer| {
                let keys = Keys::simulated(ReplicaId(signer), 4, ClusterId([7; 32]));
                let commit = Commit {
                    view: View(0),
                    sequence: Sequence(1),
                    digest: Digest([digest; 32]),
                };
                keys.sign(commit).into_signed()
            })
        };
        let mut culprits = Culprits::new(
            Config::new(restarted, quorum),
            vec![restarted, ReplicaId(2)],
        );
        culprits.committed(restarted, &proof(1, [0, 1, 3]));
        culprits.committed(restarted, &proof(2, [0, 2, 3]));
        let disagreement = crate::invariant::agreement::Disagreement {
            sequence: Sequence(1),
            first: restarted,
            first_requests: Vec::new(),
            second: restarted,
            second_requests: Vec::new(),
            culprits: std::collections::BTreeSet::new(),
        };
        let named = culprits.of(&disagreement);
        assert_eq!(named, [ReplicaId(0), ReplicaId(3)].into());
    }

    #[test]
    fn too_few_and_honest_culprits_are_found() {
        let quorum = Quorum::of(NonZeroU32::new(4).unwrap());
        let commits = |digest, signers: [u32; 3]| {
            signers.map(|signer| {
                let keys = Keys::simulated(ReplicaId(signer), 4, ClusterId([7; 32]));
                let commit = Commit {
                    view: View(0),
                    sequence: Sequence(1),
                    digest: Digest([digest; 32]),
                };
                keys.sign(commit).into_signed()
            })
        };
        let judged = |correct: &[u32]| {
            let correct = correct.iter().copied().map(ReplicaId).collect();
            let mut culprits = Culprits::new(Config::new(ReplicaId(2), quorum), correct);
            culprits.committed(ReplicaId(2), &commits(1, [0, 1, 2]));
            culprits.committed(ReplicaId(3), &commits(2, [0, 1, 3]));
            let mut agreement = Agreement::default();
            agreement.executed(ReplicaId(2), Sequence(1), &[]).unwrap();
            let request = quorate_protocol::message::Request::new(
                ReplicaId(0).into(),
                quorate_protocol::Timestamp(1),
                Vec::new(),
            );
            let executed = agreement.executed(ReplicaId(3), Sequence(1), &[request]);
            let mut disagreement = executed.unwrap_err();
            let nobody = culprits.check(&disagreement);
            disagreement.culprits = culprits.of(&disagreement);
            (nobody.is_err(), culprits.check(&disagreement).is_ok())
        };
        assert_eq!(judged(&[2, 3]), (true, true));
        assert_eq!(judged(&[1, 2]), (true, false));
        assert_eq!(
            judged(&[3]),
            (false, true),
            "a quorum without a correct one"
        );
        assert_eq!(judged(&[1]), (false, false));
    }
}
