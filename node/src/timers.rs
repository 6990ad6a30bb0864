//! The replica's timers on the runtime's clock.

use std::collections::BTreeMap;

use quorate_protocol::{Time, Timer};
use tokio::time::{Duration, Instant};

/// The replica's clock, and the timers that it has set.
#[derive(Debug)]
pub(crate) struct Timers {
    epoch: Instant,
    set: BTreeMap<Timer, Time>,
}

impl Timers {
    pub(crate) fn new() -> Self {
        Self {
            epoch: Instant::now(),
            set: BTreeMap::new(),
        }
    }

    pub(crate) fn now(&self) -> Time {
        Time(u64::try_from(self.epoch.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    pub(crate) fn set(&mut self, timer: Timer, at: Time) {
        self.set.insert(timer, at);
    }

    pub(crate) fn cancel(&mut self, timer: Timer) {
        self.set.remove(&timer);
    }

    /// Waits until the next timer runs out; forever if none is set.
    pub(crate) async fn next(&self) {
        self.reach(self.set.values().min().copied()).await;
    }

    /// Waits until the clock reaches this time; forever for `None`.
    pub(crate) async fn reach(&self, at: Option<Time>) {
        match at {
            Some(at) => tokio::time::sleep_until(self.epoch + Duration::from_micros(at.0)).await,
            None => std::future::pending().await,
        }
    }

    /// Removes a timer that has run out, and returns it.
    pub(crate) fn take_due(&mut self) -> Option<Timer> {
        let now = self.now();
        let due = self
            .set
            .iter()
            .find(|(_, at)| **at <= now)
            .map(|(timer, _)| *timer)?;
        self.set.remove(&due);
        Some(due)
    }
}
