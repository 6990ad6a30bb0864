//! The replica's timers on the runtime's clock.

use std::collections::BTreeMap;

use quorate_protocol::{Time, Timer};
use tokio::time::{Duration, Instant};

/// The clock that the replica sees, and the timers that it has set.
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

    /// Waits for the next timer; forever if none is set.
    pub(crate) async fn next(&self) {
        self.reach(self.set.values().min().copied()).await;
    }

    /// Waits until the clock shows a time; forever if there is none.
    pub(crate) async fn reach(&self, at: Option<Time>) {
        match at {
            Some(at) => tokio::time::sleep_until(self.epoch + Duration::from_micros(at.0)).await,
            None => std::future::pending().await,
        }
    }

    /// Takes a timer that has run out.
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
