//! How long submits take.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use crate::support::http::Connection;

/// The times that calls took, sorted.
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    /// Submits operations at the process with this port, one after another, for as long as `meanwhile` takes.
    pub(crate) fn of_submits<T>(port: u16, meanwhile: impl FnOnce() -> T) -> (Self, T) {
        let over = AtomicBool::new(false);
        scope(|scope| {
            let submits = scope.spawn(|| {
                let mut taken = Vec::new();
                let mut process = Connection::to(port);
                while !over.load(Ordering::Relaxed) {
                    let begun = Instant::now();
                    process.submit("set latency=1").unwrap();
                    taken.push(begun.elapsed());
                    // A pause, so that a short stall is not outnumbered by the calls before and after it.
                    sleep(Duration::from_millis(1));
                }
                taken.sort();
                Self(taken)
            });
            let result = meanwhile();
            over.store(true, Ordering::Relaxed);
            (submits.join().unwrap(), result)
        })
    }

    /// The latency that so many of a thousand calls do not exceed.
    fn permille(&self, permille: usize) -> Duration {
        let place = (self.0.len() * permille / 1000).min(self.0.len().saturating_sub(1));
        self.0.get(place).copied().unwrap_or_default()
    }

    pub(crate) fn median(&self) -> Duration {
        self.permille(500)
    }

    pub(crate) fn p99(&self) -> Duration {
        self.permille(990)
    }

    pub(crate) fn longest(&self) -> Duration {
        self.permille(1000)
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "median {:.1?}, p99 {:.1?}, longest {:.1?}",
            self.median(),
            self.p99(),
            self.longest()
        )
    }
}
