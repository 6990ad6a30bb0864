//! Work is bounded by what arrives: no peer can make a process check more signatures than its bytes are worth (rule 28).

use std::collections::BTreeMap;

use quorate_protocol::ReplicaId;

use quorate_plan::Work;

/// The rule.
pub const RULE: &str = "rule 28: what a process must check is bounded by the bytes that arrive, at ten signatures a KiB";

/// The most signatures for each KiB that arrives.
const CHECKS_PER_KIB: u64 = 10;
/// What a process may check beyond that in a run: certificates that its own earlier life has kept.
const BEYOND: u64 = 256;

/// A process checked more signatures than the bytes that arrived are worth.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{by} has checked {checked} signatures for {bytes} bytes that arrived")]
pub struct TooMuchWork {
    /// Who.
    pub by: ReplicaId,
    /// The signatures that it has checked.
    pub checked: u64,
    /// The bytes that have arrived.
    pub bytes: u64,
}

/// What each process has done since the run began.
#[derive(Debug, Default)]
pub(crate) struct Totals(BTreeMap<ReplicaId, (u64, u64)>);

impl Totals {
    /// A correct process has done this in a turn.
    ///
    /// # Errors
    /// In all it has checked too much.
    pub(crate) fn add(&mut self, by: ReplicaId, work: Work) -> Result<(), TooMuchWork> {
        let (checked, bytes) = self.0.entry(by).or_default();
        *checked += work.checked;
        *bytes += work.read;
        // Live, a batch travels as base64.
        let travelled = *bytes * 4 / 3;
        if *checked > CHECKS_PER_KIB * travelled / 1024 + BEYOND {
            let (checked, bytes) = (*checked, *bytes);
            return Err(TooMuchWork { by, checked, bytes });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use quorate_protocol::ReplicaId;

    use super::{BEYOND, Totals};
    use quorate_plan::Work;

    #[test]
    fn ten_checks_a_kib_are_allowed_and_not_more() {
        let mut totals = Totals::default();
        let work = |checked, read| Work {
            checked,
            read,
            ..Work::default()
        };
        let own = ReplicaId(1);
        assert_eq!(totals.add(own, work(BEYOND, 0)), Ok(()));
        assert_eq!(totals.add(own, work(10, 768)), Ok(()));
        assert!(totals.add(own, work(11, 768)).is_err());
        assert_eq!(totals.add(ReplicaId(2), work(1, 0)), Ok(()), "another");
    }
}
