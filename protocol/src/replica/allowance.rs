//! What one peer can make this replica send (rule 28). A message of a hundred bytes can ask for megabytes. So each peer
//! has an allowance, which grows with time. A correct peer that lags does not use it up, or waits for a moment.

use std::collections::BTreeMap;

use super::Replica;
use crate::id::ReplicaId;
use crate::mutant::Mutant;
use crate::time::Time;

/// Reads are usual work, and many clients may read at one process. So a query counts as a part of an answer.
const QUERIES_PER_ANSWER: u64 = 8;
/// Of the bytes of a result that is read, and of a piece of a state, one in so many counts. A replica that has lost its state
/// asks for all of it, and waits long for a piece that does not come.
const BYTES_PER_COUNTED: usize = 8;
/// How much one peer may ask for at once.
const BYTES: u64 = 16 * 1024 * 1024;
/// How much it may ask for in a second. To send that costs less than a tenth of a core.
const BYTES_A_SECOND: u64 = 1024 * 1024;
/// How many answers one peer may ask for at once, counted in queries.
const ANSWERS: u64 = 4096 * QUERIES_PER_ANSWER;
/// How many it may ask for in a second. Each costs a signature.
const ANSWERS_A_SECOND: u64 = 2048 * QUERIES_PER_ANSWER;
const SECOND: u64 = 1_000_000;
/// After this time an allowance is full again, whatever was taken from it.
const FULL: u64 = BYTES / BYTES_A_SECOND * SECOND;

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
    /// Takes so many answers and bytes from a peer's allowance. Returns false if too little is left.
    fn take(&mut self, now: Time, peer: ReplicaId, answers: u64, bytes: usize) -> bool {
        let left = self.0.entry(peer).or_insert(Left {
            bytes: BYTES,
            answers: ANSWERS,
            at: now,
        });
        left.grow(now);
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        if left.answers < answers || left.bytes < bytes {
            return false;
        }
        left.answers -= answers;
        left.bytes -= bytes;
        true
    }

    fn has_answers(&self, now: Time, peer: ReplicaId) -> bool {
        self.0.get(&peer).is_none_or(|left| {
            let mut left = *left;
            left.grow(now);
            left.answers >= QUERIES_PER_ANSWER
        })
    }
}

impl Left {
    fn grow(&mut self, now: Time) {
        let elapsed = now.0.saturating_sub(self.at.0).min(FULL);
        let answers = ANSWERS_A_SECOND * elapsed / SECOND;
        if answers == 0 {
            return;
        }
        // The time of a part of an answer counts the next time.
        let counted = answers * SECOND / ANSWERS_A_SECOND;
        self.answers = (self.answers + answers).min(ANSWERS);
        self.bytes = (self.bytes + BYTES_A_SECOND * counted / SECOND).min(BYTES);
        self.at = if elapsed == FULL {
            now
        } else {
            Time(self.at.0 + counted)
        };
    }
}

impl Replica {
    /// Whether a peer may ask for anything now. A question beyond its allowance is not worth a signature check.
    pub(super) fn may_ask(&self, peer: ReplicaId) -> bool {
        self.allowances.has_answers(self.now, peer)
    }

    /// Whether a peer's allowance has room for one more answer of so many bytes, which is then taken from it. What is not
    /// sent is asked for again.
    pub(super) fn may_send(&mut self, to: ReplicaId, bytes: usize) -> bool {
        self.is_mutant(Mutant::AnswersUnbounded)
            || self
                .allowances
                .take(self.now, to, QUERIES_PER_ANSWER, bytes)
    }

    /// The same for a piece of a state.
    pub(super) fn may_send_piece(&mut self, to: ReplicaId, bytes: usize) -> bool {
        self.may_send(to, bytes / BYTES_PER_COUNTED)
    }

    /// The same for a query. How long its result is shows later.
    pub(super) fn may_read(&mut self, to: ReplicaId) -> bool {
        self.allowances.take(self.now, to, 1, 0)
    }

    /// The same for the result of a query.
    pub(super) fn may_send_result(&mut self, to: ReplicaId, bytes: usize) -> bool {
        self.allowances
            .take(self.now, to, 0, bytes / BYTES_PER_COUNTED)
    }
}

#[cfg(test)]
mod tests {
    use super::{ANSWERS, ANSWERS_A_SECOND, Allowances, BYTES, BYTES_A_SECOND, SECOND};
    use crate::id::ReplicaId;
    use crate::time::Time;

    const MIB: usize = 1024 * 1024;

    #[test]
    fn an_allowance_is_used_up_and_grows_with_time() {
        let mut allowances = Allowances::default();
        let mut take = |at, peer| allowances.take(Time(at), ReplicaId(peer), 1, MIB);
        let at_once = (0..1000).take_while(|_| take(0, 1)).count();
        assert_eq!(at_once * MIB, usize::try_from(BYTES).unwrap());
        assert!(take(0, 2), "each peer has its own");
        let second = (0..1000).take_while(|_| take(SECOND, 1)).count();
        assert_eq!(second * MIB, usize::try_from(BYTES_A_SECOND).unwrap());
        let later = (0..1000).take_while(|_| take(100 * SECOND, 1)).count();
        assert_eq!(later, at_once);
    }

    #[test]
    fn answers_are_counted_too_and_small_steps_of_time_add_up() {
        let mut allowances = Allowances::default();
        let mut take = |at| allowances.take(Time(at), ReplicaId(1), 1, 0);
        let at_once = (0..100_000).take_while(|_| take(0)).count();
        assert_eq!(at_once as u64, ANSWERS);
        let slowly = (1..=SECOND / 10).filter(|step| take(step * 10)).count();
        let expected = usize::try_from(ANSWERS_A_SECOND).unwrap();
        assert!(slowly.abs_diff(expected) < 10, "{slowly} answers");
    }
}
