//! The clock of a process.

use std::time::SystemTime;

use quorate_protocol::Time;
use tokio::time::{Duration, Instant};

/// Time since the process started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    epoch: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self {
            epoch: Instant::now(),
        }
    }

    /// The time of the machine, in microseconds since 1970.
    pub(crate) fn wall_us() -> u64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.map_or(0, |since| {
            u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
        })
    }

    pub(crate) fn now(self) -> Time {
        Time(u64::try_from(self.epoch.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    /// Waits until the clock reaches this time; forever for `None`.
    pub(crate) async fn reach(self, at: Option<Time>) {
        match at {
            Some(at) => tokio::time::sleep_until(self.epoch + Duration::from_micros(at.0)).await,
            None => std::future::pending().await,
        }
    }
}

/// Microseconds since 1970 on the machine's clock: the same for all processes of the machine. Nothing but the times of links'
/// rules counts from it.
#[must_use]
pub fn since_1970() -> u64 {
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}
