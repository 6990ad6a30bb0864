//! The clock of a process.

use std::time::{SystemTime, UNIX_EPOCH};

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

/// Microseconds since 1970, as this machine has it.
pub(crate) fn micros_since_1970() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
    })
}
