//! Planned events in order of time. Events of one moment happen in the order in which they were planned.

use std::collections::BTreeMap;
use std::time::Duration;

/// Planned events, each with its time.
#[derive(Debug)]
pub(super) struct Schedule<T> {
    due: BTreeMap<(Duration, u64), T>,
    planned: u64,
}

impl<T> Default for Schedule<T> {
    fn default() -> Self {
        Self {
            due: BTreeMap::new(),
            planned: 0,
        }
    }
}

impl<T> Schedule<T> {
    /// Plans an event.
    pub(super) fn add(&mut self, at: Duration, what: T) {
        self.planned += 1;
        self.due.insert((at, self.planned), what);
    }

    /// The time of the next event.
    pub(super) fn next(&self) -> Option<Duration> {
        self.due.keys().next().map(|(at, _)| *at)
    }

    /// Takes the next event that is due.
    pub(super) fn take(&mut self, now: Duration) -> Option<T> {
        let first = self.due.first_entry()?;
        let (at, _) = *first.key();
        (at <= now).then(|| first.remove())
    }
}

#[cfg(test)]
mod tests {
    use super::Schedule;
    use std::time::Duration;

    #[test]
    fn things_come_in_order_of_time_and_then_of_planning() {
        let at = Duration::from_millis;
        let mut schedule = Schedule::default();
        for (time, what) in [(5, "c"), (1, "a"), (5, "d"), (1, "b")] {
            schedule.add(at(time), what);
        }
        let mut order = String::new();
        while let Some(what) = schedule.take(at(4)) {
            order += what;
        }
        assert_eq!(order, "ab");
        assert_eq!(schedule.next(), Some(at(5)));
        assert_eq!(schedule.take(at(5)), Some("c"));
    }
}
