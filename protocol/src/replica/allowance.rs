//! What one peer can make this replica send (rule 28). A message of a hundred bytes can ask for megabytes. So each peer
//! has an allowance, which grows with time. A correct peer that lags does not use it up, or waits for a moment.

use std::collections::BTreeMap;

use super::Replica;
use crate::id::ReplicaId;
use crate::time::Time;

/// How much one peer may ask for: at once, and in a second.
const BYTES: u64 = 32 * 1024 * 1024;
/// How many answers one peer may ask for: at once, and in a second. Each costs a signature.
const ANSWERS: u64 = 4096;
const SECOND: u64 = 1_000_000;

/// What is left of the allowance of each peer that has asked for something.
#[derive(Clone, Debug, Default)]
pub(super) struct Allowances(BTreeMap<ReplicaId, Left>);

#[derive(Clone, Copy, Debug)]
struct Left {
    bytes: u64,
    answers: u64,
    at: Time,
}

impl Allowances {
    /// Takes one answer of so many bytes from a peer's allowance. Returns false if too little is left.
    fn take(&mut self, now: Time, peer: ReplicaId, bytes: usize) -> bool {
        let left = self.0.entry(peer).or_insert(Left {
            bytes: BYTES,
            answers: ANSWERS,
            at: now,
        });
        left.grow(now);
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        if left.answers == 0 || left.bytes < bytes {
            return false;
        }
        left.answers -= 1;
        left.bytes -= bytes;
        true
    }
}

impl Left {
    fn grow(&mut self, now: Time) {
        let elapsed = now.0.saturating_sub(self.at.0);
        if elapsed >= SECOND {
            (self.answers, self.bytes, self.at) = (ANSWERS, BYTES, now);
            return;
        }
        let answers = ANSWERS * elapsed / SECOND;
        // The time of a part of an answer counts the next time.
        let counted = answers * SECOND / ANSWERS;
        self.answers = (self.answers + answers).min(ANSWERS);
        self.bytes = (self.bytes + BYTES * counted / SECOND).min(BYTES);
        self.at.0 += counted;
    }
}

impl Replica {
    /// Whether a peer's allowance has room for one more answer of so many bytes, which is then taken from it. What is not
    /// sent is asked for again.
    pub(super) fn may_send(&mut self, to: ReplicaId, bytes: usize) -> bool {
        self.allowances.take(self.now, to, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::{ANSWERS, Allowances, BYTES, SECOND};
    use crate::id::ReplicaId;
    use crate::time::Time;

    const MIB: usize = 1024 * 1024;

    #[test]
    fn an_allowance_is_used_up_and_grows_with_time() {
        let mut allowances = Allowances::default();
        let mut take = |at, peer| allowances.take(Time(at), ReplicaId(peer), MIB);
        let at_once = (0..1000).take_while(|_| take(0, 1)).count();
        assert_eq!(at_once * MIB, usize::try_from(BYTES).unwrap());
        assert!(take(0, 2), "each peer has its own");
        let half = (0..1000).take_while(|_| take(SECOND / 2, 1)).count();
        assert_eq!(half * 2, at_once);
        let later = (0..1000).take_while(|_| take(100 * SECOND, 1)).count();
        assert_eq!(later, at_once);
    }

    #[test]
    fn answers_are_counted_too_and_small_steps_of_time_add_up() {
        let mut allowances = Allowances::default();
        let mut take = |at| allowances.take(Time(at), ReplicaId(1), 0);
        let at_once = (0..10_000).take_while(|_| take(0)).count();
        assert_eq!(at_once as u64, ANSWERS);
        let slowly = (1..=SECOND / 100).filter(|step| take(step * 100)).count();
        assert!((4000..=4100).contains(&slowly), "{slowly}");
    }
}
