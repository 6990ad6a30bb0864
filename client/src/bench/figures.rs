//! What a measurement gives.

use std::time::Duration;

use anyhow::Context;
use hdrhistogram::Histogram;
use serde_json::json;

use crate::bench::traffic::Sent;
use crate::options::ReportFormat;
use crate::render::json::text;
use crate::render::table::table;

/// The figures of one measurement.
pub(crate) struct Figures {
    clients: u64,
    rounds: usize,
    rounds_per_second: f64,
    median_ms: f64,
    percentile_99_ms: f64,
    slowest_ms: f64,
    messages_per_round: f64,
    bytes_per_round: f64,
}

impl Figures {
    /// The figures of rounds with these latencies, which took `elapsed` together.
    pub(crate) fn of(
        clients: u64,
        latencies: &[Duration],
        elapsed: Duration,
        sent: Sent,
    ) -> anyhow::Result<Self> {
        let mut histogram = Histogram::<u64>::new(3).context("histogram")?;
        for latency in latencies {
            histogram
                .record(u64::try_from(latency.as_micros())?)
                .context("histogram")?;
        }
        let rounds = latencies.len();
        Ok(Self {
            clients,
            rounds,
            rounds_per_second: rounds as f64 / elapsed.as_secs_f64(),
            median_ms: histogram.value_at_quantile(0.5) as f64 / 1e3,
            percentile_99_ms: histogram.value_at_quantile(0.99) as f64 / 1e3,
            slowest_ms: histogram.max() as f64 / 1e3,
            messages_per_round: sent.messages as f64 / rounds as f64,
            bytes_per_round: sent.bytes as f64 / rounds as f64,
        })
    }

    /// As a table or a JSON object.
    pub(crate) fn render(&self, format: ReportFormat) -> anyhow::Result<String> {
        match format {
            ReportFormat::Table => Ok(self.table()),
            ReportFormat::Json => text(&json!({
                "clients": self.clients,
                "rounds": self.rounds,
                "rounds_per_second": self.rounds_per_second,
                "median_ms": self.median_ms,
                "percentile_99_ms": self.percentile_99_ms,
                "slowest_ms": self.slowest_ms,
                "messages_per_round": self.messages_per_round,
                "bytes_per_round": self.bytes_per_round,
            })),
        }
    }

    fn table(&self) -> String {
        let header = [
            "clients",
            "rounds",
            "rounds/s",
            "median",
            "99th percentile",
            "slowest",
            "messages/round",
            "bytes/round",
        ];
        let row = [
            self.clients.to_string(),
            self.rounds.to_string(),
            format!("{:.1}", self.rounds_per_second),
            format!("{:.2} ms", self.median_ms),
            format!("{:.2} ms", self.percentile_99_ms),
            format!("{:.2} ms", self.slowest_ms),
            format!("{:.1}", self.messages_per_round),
            format!("{:.0}", self.bytes_per_round),
        ];
        format!("{}\n", table(header, std::iter::once(row)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_per_round_and_per_second() {
        let latencies: Vec<_> = (1..=100).map(Duration::from_millis).collect();
        let sent = Sent {
            messages: 4000,
            bytes: 100_000,
        };
        let figures = Figures::of(2, &latencies, Duration::from_secs(4), sent).unwrap();
        assert_eq!(figures.rounds_per_second, 25.0);
        assert!((figures.median_ms - 50.0).abs() < 0.1);
        assert!((figures.percentile_99_ms - 99.0).abs() < 0.1);
        assert_eq!(
            (figures.messages_per_round, figures.bytes_per_round),
            (40.0, 1000.0)
        );
    }
}
