//! One plan, and how often it is played.

use crate::plan::{Costs, Link, Name, Plan};

/// How much is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Enough to see it, in a few minutes.
    Quick,
    /// Enough for narrow intervals.
    Full,
}

/// One plan of an experiment.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it is compared with others by.
    pub series: String,
    /// What is varied.
    pub x: f64,
    /// The plan, for every seed.
    pub plan: Plan,
    /// How many seeds it is played with, from 0 on.
    pub seeds: u64,
    /// When something goes wrong, from and to, in milliseconds; empty if nothing does at a certain time.
    pub trouble_ms: (u64, u64),
    /// Whether the requests of its first run are shown one by one.
    pub shows_requests: bool,
}

impl Size {
    /// How many seeds a point has.
    pub(super) const fn seeds(self) -> u64 {
        match self {
            Self::Quick => 10,
            Self::Full => 30,
        }
    }

    /// How many seeds a share has.
    pub(super) const fn trials(self) -> u64 {
        match self {
            Self::Quick => 40,
            Self::Full => 300,
        }
    }
}

impl Case {
    pub(super) fn new(series: impl Into<String>, x: f64, plan: Plan, size: Size) -> Self {
        Self {
            series: series.into(),
            x,
            plan,
            seeds: size.seeds(),
            trouble_ms: (0, 0),
            shows_requests: false,
        }
    }
}

/// A plan in which nothing goes wrong: messages take 0.1 to 1 ms, and work takes the time that it takes on a core of today.
pub(super) fn calm(processes: u32) -> Plan {
    Plan {
        costs: Some(Costs::USUAL),
        ..Plan::calm(processes)
    }
}

/// These processes take turns in being asked: `count` times, at even distances. All that goes wrong goes on until long after.
pub(super) fn ask(plan: &mut Plan, among: &[u32], from_ms: u64, every_ms: u64, count: u64) {
    for (number, process) in (0..count).zip(among.iter().cycle()) {
        let times = plan.requests.entry(Name::of(*process)).or_default();
        times.push(from_ms + number * every_ms);
    }
    plan.heal_ms = from_ms + count * every_ms + 3000;
}

/// All messages take so long.
pub(super) const fn link(shortest_us: u64, longest_us: u64, lost: u64) -> Link {
    Link {
        from: None,
        to: None,
        lost,
        doubled: 0,
        late: 0,
        shortest_us,
        longest_us,
    }
}

/// How a process is called in `--faulty`.
pub(super) fn name(process: u32) -> String {
    String::from(Name::of(process))
}
