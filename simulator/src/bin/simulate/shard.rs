//! A part of the seeds, for one of several machines.

use std::env;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One of `count` parts, each of which has every `count`-th seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shard {
    /// Which part, from 0.
    index: u64,
    /// How many parts there are.
    count: u64,
}

/// What stands for a number that the environment gives.
const AUTO: &str = "auto";
/// Where schedulers put the number of a task: Slurm's job arrays, Kubernetes' indexed jobs.
const INDEXES: [&str; 2] = ["SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX"];
/// The number of Slurm's first task, which need not be 0.
const FIRST: &str = "SLURM_ARRAY_TASK_MIN";
const COUNT: &str = "SLURM_ARRAY_TASK_COUNT";

impl Shard {
    pub(crate) const WHOLE: Self = Self { index: 0, count: 1 };

    /// The seeds of a range that belong to it.
    pub(crate) fn of(self, (first, end): (u64, u64)) -> impl Iterator<Item = u64> {
        let step = usize::try_from(self.count).unwrap_or(usize::MAX);
        (first.saturating_add(self.index)..end).step_by(step)
    }

    /// How many they are.
    pub(crate) const fn count(self, (first, end): (u64, u64)) -> u64 {
        (end - first)
            .saturating_sub(self.index)
            .div_ceil(self.count)
    }

    /// Whether a seed of a range belongs to it.
    pub(crate) const fn has(self, (first, end): (u64, u64), seed: u64) -> bool {
        first <= seed && seed < end && (seed - first) % self.count == self.index
    }

    /// How many parts there are.
    pub(crate) const fn parts(self) -> u64 {
        self.count
    }

    /// Which part it is, in words; nothing if it is the whole.
    pub(crate) fn suffix(self) -> String {
        match self {
            Self::WHOLE => String::new(),
            Self { index, count } => format!(", part {index} of {count},"),
        }
    }

    fn read(text: &str, given: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let number = |name: &str| {
            let text = given(name)?;
            text.parse::<u64>().ok()
        };
        let wrong = || {
            format!(
                "write the part, from 0, and how many parts there are, as in 0/4 for the first of four; auto/4 takes the part from {}, and \
                 auto the number of parts from {COUNT} too",
                INDEXES.join(" or ")
            )
        };
        let (index, count) = text.split_once('/').unwrap_or((text, AUTO));
        let of = |text: &str, found: Option<u64>, names: &str| match text {
            AUTO => {
                found.ok_or_else(|| format!("{names} is not set, or is no number: {}", wrong()))
            }
            text => text.parse().map_err(|_| wrong()),
        };
        let found = INDEXES.iter().find_map(|name| number(name));
        let from = number(FIRST).unwrap_or_default();
        let found = found.map(|index| index.saturating_sub(from));
        if text != AUTO && !text.contains('/') {
            return Err(wrong());
        }
        let index = of(index, found, &INDEXES.join(" or "))?;
        let count = of(count, number(COUNT), COUNT)?;
        if index < count {
            Ok(Self { index, count })
        } else {
            Err(format!("there is no part {index} of {count}: {}", wrong()))
        }
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::read(text, |name| env::var(name).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::Shard;

    fn read(text: &str, given: &[(&str, &str)]) -> Result<(u64, u64), String> {
        let of = |name: &str| {
            let found = given.iter().find(|(one, _)| *one == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Shard::read(text, of).map(|shard| (shard.index, shard.count))
    }

    #[test]
    fn a_part_is_given_or_taken_from_the_scheduler() {
        assert_eq!(read("2/7", &[]), Ok((2, 7)));
        let slurm = [
            ("SLURM_ARRAY_TASK_ID", "3"),
            ("SLURM_ARRAY_TASK_MIN", "1"),
            ("SLURM_ARRAY_TASK_COUNT", "8"),
        ];
        assert_eq!(read("auto", &slurm), Ok((2, 8)));
        assert_eq!(read("auto/9", &slurm), Ok((2, 9)));
        assert_eq!(read("auto/4", &[("JOB_COMPLETION_INDEX", "0")]), Ok((0, 4)));
        for (text, given) in [
            ("7/7", &[][..]),
            ("2", &[]),
            ("0/0", &[]),
            ("-1/4", &[]),
            ("a/b", &[]),
            ("auto", &[]),
            ("auto/4", &[("JOB_COMPLETION_INDEX", "x")]),
            ("auto", &[("JOB_COMPLETION_INDEX", "1")]),
        ] {
            let error = read(text, given).unwrap_err();
            assert!(
                error.contains("as in 0/4 for the first of four"),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn the_parts_have_each_seed_once() {
        let range = (5, 28);
        let mut all = Vec::new();
        for index in 0..7 {
            let shard = Shard { index, count: 7 };
            let seeds: Vec<u64> = shard.of(range).collect();
            assert_eq!(seeds.len() as u64, shard.count(range));
            assert!(seeds.iter().all(|seed| shard.has(range, *seed)));
            all.extend(seeds);
        }
        all.sort_unstable();
        assert_eq!(all, (5..28).collect::<Vec<_>>());
        let late = Shard { index: 6, count: 7 };
        assert_eq!((late.count((0, 3)), late.of((0, 3)).count()), (0, 0));
    }
}
