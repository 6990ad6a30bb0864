//! How long calls took.

use std::time::Duration;

use anyhow::Context as _;
use hdrhistogram::Histogram;

/// The decimal digits to which a latency is exact.
const DIGITS: u8 = 3;
/// The longest latency that is told apart from longer ones, in nanoseconds.
const DAY: u64 = 24 * 3600 * 1_000_000_000;

/// The latencies of many calls, in nanoseconds.
pub(crate) struct Latencies(Histogram<u64>);

impl Latencies {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let histogram = Histogram::new_with_bounds(1, DAY, DIGITS);
        histogram.map(Self).context("histogram")
    }

    /// Adds one. A latency of more than a day counts as a day.
    pub(crate) fn record(&mut self, latency: Duration) {
        let nanos = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.0.saturating_record(nanos);
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.len()
    }

    /// All of them, in nanoseconds.
    pub(crate) fn into_histogram(self) -> Histogram<u64> {
        self.0
    }

    /// The latency that this part of the calls did not exceed; 1 for the slowest call.
    pub(crate) fn quantile(&self, part: f64) -> Duration {
        Duration::from_nanos(self.0.value_at_quantile(part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_latency_that_so_many_calls_did_not_exceed_to_three_digits() {
        let mut latencies = Latencies::new().unwrap();
        for micros in 1..=1000 {
            latencies.record(Duration::from_micros(micros));
        }
        assert_eq!(latencies.count(), 1000);
        for (part, micros) in [(0.5, 500.0), (0.95, 950.0), (0.99, 990.0), (1.0, 1000.0)] {
            let found = latencies.quantile(part).as_secs_f64() * 1e6;
            assert!((found / micros - 1.0).abs() < 0.001, "{part}: {found}");
        }
    }

    #[test]
    fn latencies_of_nanoseconds_and_of_hours_are_told_apart() {
        let mut latencies = Latencies::new().unwrap();
        latencies.record(Duration::from_nanos(150));
        latencies.record(Duration::from_secs(7200));
        assert_eq!(latencies.quantile(0.5).as_nanos(), 150);
        assert!(latencies.quantile(1.0).as_secs().abs_diff(7200) < 8);
    }
}
