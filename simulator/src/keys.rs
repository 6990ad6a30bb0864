//! The keys of simulated processes.

use quorate_protocol::{ClusterId, Digest, Keys, ReplicaId};

use crate::plan::Plan;

/// The keys of a process, or of who checks what processes say. A message that several processes get is checked once.
///
/// # Panics
/// Never: the public keys are those of secret keys.
#[expect(clippy::expect_used, reason = "a secret key has a public key")]
pub(crate) fn keys(plan: &Plan, own: ReplicaId, cluster: ClusterId) -> Keys {
    if !plan.real_keys {
        let keys = Keys::simulated(own, plan.processes, cluster).that_share_checks();
        // Where a check costs time, one that a live process would not repeat must not cost it twice.
        return if plan.costs.is_some() {
            keys.that_remember()
        } else {
            keys
        };
    }
    let secret = |index: u32| Digest::of(&[b"secret", &cluster.0, &index.to_le_bytes()]).0;
    let public: Vec<_> = (0..plan.processes)
        .map(|index| Keys::public_key(&secret(index)))
        .collect();
    let keys = Keys::new(own, secret(own.0), &public, cluster).expect("the public keys are keys");
    keys.that_share_checks()
}
