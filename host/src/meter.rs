//! What a process counts while it works: messages, phases, batches. It reads no clock: times are those of the turns.

use std::collections::BTreeMap;
use std::time::Duration;

use quorate_protocol::message::Kind;
use quorate_protocol::{Replica, Sequence, SignedMessage, Time};

/// What a process has counted since it started.
#[derive(Clone, Debug)]
pub struct Meter {
    /// The messages between processes, by the place of their kind in [`Kind::ALL`].
    pub(crate) kinds: [Counts; Kind::ALL.len()],
    phases: [Micros; Phase::ALL.len()],
    batches: Histogram<9>,
    pub(crate) view_changes: u64,
    pub(crate) rejected: u64,
    /// The slots in the log that have not executed.
    under_way: BTreeMap<Sequence, Reached>,
}

/// The messages of one kind. Of those received, each is skipped, refused or verified once it is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Sent, each once for each recipient. A link may still lose it.
    pub sent: u64,
    /// The bytes of those sent.
    pub sent_bytes: u64,
    /// Received from other processes.
    pub received: u64,
    /// Received, and not needed: their signatures were not checked.
    pub skipped: u64,
    /// Refused before the replica saw them, or because an earlier message of their batch was.
    pub refused: u64,
    /// Received with good signatures.
    pub verified: u64,
}

/// A step of a slot. Its time counts from the step before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// From the PRE-PREPARE to the prepared certificate.
    Prepared,
    /// From there until a quorum has committed.
    Committed,
    /// From there until the slot has executed. It waits for the slots before it.
    Executed,
}

impl Phase {
    /// All phases, in order.
    pub const ALL: [Self; 3] = [Self::Prepared, Self::Committed, Self::Executed];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prepared => "prepared",
            Self::Committed => "committed",
            Self::Executed => "executed",
        }
    }
}

/// When a slot reached a phase for the first time, in whatever view.
#[derive(Clone, Copy, Debug, Default)]
struct Reached {
    proposed: Option<Time>,
    prepared: Option<Time>,
    committed: Option<Time>,
}

/// How often a value was at most so much. The bounds are included.
#[derive(Clone, Debug)]
pub struct Histogram<const N: usize> {
    bounds: &'static [u64; N],
    counts: [u64; N],
    above: u64,
    sum: u64,
}

/// A histogram of times in microseconds.
pub type Micros = Histogram<16>;

/// From 100 µs to 10 s.
const TIMES: [u64; 16] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 2_500_000, 5_000_000, 10_000_000,
];

/// Requests of a batch. The usual limit is 256.
const REQUESTS: [u64; 9] = [0, 1, 2, 4, 8, 16, 32, 64, 128];

impl Default for Meter {
    fn default() -> Self {
        Self {
            kinds: Default::default(),
            phases: Default::default(),
            batches: Histogram::new(&REQUESTS),
            view_changes: 0,
            rejected: 0,
            under_way: BTreeMap::new(),
        }
    }
}

impl Meter {
    /// The messages by kind, in the order of [`Kind::ALL`].
    pub fn kinds(&self) -> impl Iterator<Item = (Kind, Counts)> {
        Kind::ALL.into_iter().zip(self.kinds)
    }

    /// How long slots took for this phase.
    #[must_use]
    pub const fn phase(&self, phase: Phase) -> &Micros {
        &self.phases[phase as usize]
    }

    /// The executed batches, by their requests. Those that had executed before do not count.
    #[must_use]
    pub const fn batches(&self) -> &Histogram<9> {
        &self.batches
    }

    /// How many views have started after the first.
    #[must_use]
    pub const fn view_changes(&self) -> u64 {
        self.view_changes
    }

    /// How often the replica has rejected what is well signed, because it breaks a rule.
    #[must_use]
    pub const fn rejected(&self) -> u64 {
        self.rejected
    }

    /// The counts of the kind of this message.
    pub(crate) const fn of(&mut self, message: &SignedMessage) -> &mut Counts {
        &mut self.kinds[Kind::number(message)]
    }

    /// The replica executes this slot.
    pub(crate) fn on_execute(
        &mut self,
        now: Time,
        slot: Sequence,
        requests: usize,
        replica: &Replica,
    ) {
        self.batches.count(requests as u64);
        // The slots below it may be in the log no longer, so it is looked at before it can leave.
        self.look(now, replica, Sequence(slot.0.saturating_sub(1)), Some(slot));
        let Some(reached) = self.under_way.remove(&slot) else {
            return;
        };
        let committed = reached.committed.or(Some(now));
        let steps = [reached.proposed, reached.prepared, committed, Some(now)];
        for (phase, step) in self.phases.iter_mut().zip(steps.windows(2)) {
            if let [Some(from), Some(to)] = step {
                phase.count(to.0.saturating_sub(from.0));
            }
        }
    }

    /// The turn ends. Times are counted in whole turns, so one look at its end is enough.
    pub(crate) fn observe(&mut self, now: Time, replica: &Replica) {
        let executed = replica.executed();
        self.look(now, replica, executed, None);
        while self
            .under_way
            .first_entry()
            .is_some_and(|first| *first.key() <= executed)
        {
            self.under_way.pop_first();
        }
    }

    /// Notes the phases of the slots after this one, up to `last`.
    fn look(&mut self, now: Time, replica: &Replica, after: Sequence, last: Option<Sequence>) {
        let slots = replica.in_log(after);
        for known in slots.take_while(|known| last.is_none_or(|last| known.sequence <= last)) {
            let reached = self.under_way.entry(known.sequence).or_default();
            let news = [
                (&mut reached.proposed, known.proposed.is_some()),
                (&mut reached.prepared, known.prepared),
                (&mut reached.committed, known.committed.is_some()),
            ];
            for (at, is_there) in news {
                if is_there && at.is_none() {
                    *at = Some(now);
                }
            }
        }
    }
}

impl Default for Micros {
    fn default() -> Self {
        Self::new(&TIMES)
    }
}

impl Micros {
    /// Counts a time.
    pub fn took(&mut self, time: Duration) {
        self.count(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    }
}

impl<const N: usize> Histogram<N> {
    const fn new(bounds: &'static [u64; N]) -> Self {
        Self {
            bounds,
            counts: [0; N],
            above: 0,
            sum: 0,
        }
    }

    /// Counts a value.
    pub fn count(&mut self, value: u64) {
        let place = self.bounds.partition_point(|bound| *bound < value);
        *self.counts.get_mut(place).unwrap_or(&mut self.above) += 1;
        self.sum = self.sum.saturating_add(value);
    }

    /// The bounds, each with the number of values above the bound before it and not above this one. `None`: the values above
    /// all bounds.
    pub fn buckets(&self) -> impl Iterator<Item = (Option<u64>, u64)> {
        let bounds = self.bounds.iter().copied().map(Some).chain([None]);
        bounds.zip(self.counts.into_iter().chain([self.above]))
    }

    /// How many values were counted.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().sum::<u64>() + self.above
    }

    /// The sum of all values.
    #[must_use]
    pub const fn sum(&self) -> u64 {
        self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::Micros;

    #[test]
    fn a_value_falls_under_the_first_bound_that_is_not_below_it() {
        let mut times = Micros::default();
        for micros in [0, 100, 101, 10_000_000, 10_000_001] {
            times.count(micros);
        }
        let filled: Vec<_> = times.buckets().filter(|(_, count)| *count > 0).collect();
        let expected = [
            (Some(100), 2),
            (Some(250), 1),
            (Some(10_000_000), 1),
            (None, 1),
        ];
        assert_eq!(filled, expected);
        assert_eq!((times.total(), times.sum()), (5, 20_000_202));
    }
}
