//! Divided jobs. Each part is done by 2f+1 members, and f+1 equal results count: at least one of them is a correct member's.

use std::collections::{BTreeMap, BTreeSet};

use quorate_protocol::{Quorum, ReplicaId, Sequence};
use serde::{Deserialize, Serialize};

use super::closing::Closing;
use super::command::Task;
use super::once::{Fate, Said, fate};

/// A job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// What is to be done.
    pub task: Task,
    /// The results of each part.
    pub parts: Vec<Results>,
    /// The end of the job, if parts of it cannot be finished.
    pub closing: Closing,
}

/// The results of a part, by member.
pub type Results = BTreeMap<ReplicaId, Said<u64>>;

impl Task {
    /// The numbers of a part, counted from 0: the first, and the one after the last. The parts have as equal lengths as can be.
    #[must_use]
    pub const fn range(self, part: u32) -> (u64, u64) {
        (self.begin(part), self.begin(part + 1))
    }

    /// At most `LONGEST_PART` times `MOST_PARTS` numbers times `MOST_PARTS` parts: the product fits.
    const fn begin(self, part: u32) -> u64 {
        self.from + (self.to - self.from) * part as u64 / self.parts as u64
    }

    /// Does a part: how many primes are in its range.
    #[must_use]
    pub fn compute(self, part: u32) -> u64 {
        let (from, to) = self.range(part);
        primes(from, to)
    }
}

impl Job {
    /// A job of which no part is done.
    pub(super) fn new(task: Task) -> Self {
        Self {
            task,
            parts: (0..task.parts).map(|_| Results::new()).collect(),
            closing: Closing::default(),
        }
    }

    /// Takes a result of a part, if it is the member's first and in time. The part is one of the job's.
    pub(super) fn result(
        &mut self,
        member: ReplicaId,
        slot: Sequence,
        part: u32,
        value: u64,
    ) -> Fate {
        let Some(results) = self.parts.get_mut(part as usize) else {
            return Fate::Again;
        };
        let before = results.get(&member).map(|before| Said {
            slot: before.slot,
            what: &before.what,
        });
        let fate = fate(before, &value, &self.closing);
        if fate == Fate::Counts {
            results.insert(member, Said { slot, what: value });
        }
        fate
    }

    /// The result of a part that f+1 members have given. There is at most one: 2f+1 members do a part.
    #[must_use]
    pub fn value(&self, part: u32, quorum: Quorum) -> Option<u64> {
        let results = self.parts.get(part as usize)?;
        let equal = |value: u64| results.values().filter(|one| one.what == value).count();
        let mut values = results.values().map(|one| one.what);
        values.find(|value| equal(*value) >= quorum.one_correct())
    }

    /// The result of the whole job, once each part has one.
    #[must_use]
    pub fn total(&self, quorum: Quorum) -> Option<u64> {
        (0..self.task.parts)
            .map(|part| self.value(part, quorum))
            .sum()
    }

    /// The parts that have no result yet, from 0.
    #[must_use]
    pub fn undone(&self, quorum: Quorum) -> Vec<u32> {
        let parts = 0..self.task.parts;
        parts
            .filter(|part| self.value(*part, quorum).is_none())
            .collect()
    }
}

/// Who does a part, counted from 0: 2f+1 of the members, taken in turn.
#[must_use]
pub fn assigned(members: &BTreeSet<ReplicaId>, part: u32, quorum: Quorum) -> BTreeSet<ReplicaId> {
    let each = 2 * quorum.f() as usize + 1;
    let in_turn = members.iter().copied().cycle();
    let first = (part as usize * each) % members.len().max(1);
    in_turn.skip(first).take(each).collect()
}

/// How many primes p there are with `from` <= p < `to`.
fn primes(from: u64, to: u64) -> u64 {
    let from = from.max(2);
    if from >= to {
        return 0;
    }
    // A part has at most `LONGEST_PART` numbers, so its length fits.
    let length = usize::try_from(to - from).unwrap_or(usize::MAX);
    let mut composite = vec![false; length];
    for factor in (2..).take_while(|factor| factor * factor < to) {
        let first = from.next_multiple_of(factor).max(factor * factor);
        let step = usize::try_from(factor).unwrap_or(usize::MAX);
        let start = usize::try_from(first - from).unwrap_or(usize::MAX);
        for place in (start..length).step_by(step) {
            composite[place] = true;
        }
    }
    composite.iter().filter(|composite| !**composite).count() as u64
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn naive(from: u64, to: u64) -> u64 {
        let is_prime =
            |number: &u64| *number >= 2 && (2..*number).all(|one| !number.is_multiple_of(one));
        (from..to).filter(is_prime).count() as u64
    }

    #[test]
    fn primes_are_counted_as_a_naive_count_does() {
        for from in 0..60 {
            for to in from..130 {
                assert_eq!(primes(from, to), naive(from, to), "{from}..{to}");
            }
        }
        assert_eq!(primes(0, 1_000_000), 78498);
        assert_eq!(primes(999_999_000_000, 1_000_000_000_000), 36400);
    }

    #[test]
    fn the_parts_of_a_job_are_the_whole_job() {
        for (from, to, parts) in [(0, 100, 2), (7, 1008, 10), (5, 8, 3), (0, 32_000_000, 32)] {
            let task = Task::new(from, to, parts).unwrap();
            let ranges: Vec<_> = (0..parts).map(|part| task.range(part)).collect();
            assert_eq!((ranges[0].0, ranges[ranges.len() - 1].1), (from, to));
            assert!(ranges.windows(2).all(|two| two[0].1 == two[1].0));
            assert!(
                ranges
                    .iter()
                    .all(|(from, to)| from < to && to - from <= 1_000_000)
            );
        }
    }

    #[test]
    fn each_part_goes_to_2f_plus_1_members_in_turn() {
        let quorum = Quorum::of(NonZeroU32::new(7).unwrap());
        let members: BTreeSet<_> = [0, 1, 2, 4, 5, 6].map(ReplicaId).into();
        let mut times = BTreeMap::new();
        for part in 0..6 {
            let some = assigned(&members, part, quorum);
            assert_eq!(some.len(), 5);
            for member in some {
                *times.entry(member).or_insert(0) += 1;
            }
        }
        assert_eq!(times.into_values().collect::<Vec<_>>(), [5; 6]);
        assert!(assigned(&BTreeSet::new(), 3, quorum).is_empty());
    }
}
