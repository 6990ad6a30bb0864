//! What a measurement gives.

use std::time::Duration;

use anyhow::Context;
use hdrhistogram::Histogram;
use serde_json::json;

use crate::bench::traffic::Sent;
use crate::options::ReportFormat;
use crate::render::json::text;
use crate::render::table::table;

/// What a measurement counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Rounds,
    Operations,
}

impl What {
    const fn one_and_many(self) -> (&'static str, &'static str) {
        match self {
            Self::Rounds => ("round", "rounds"),
            Self::Operations => ("operation", "operations"),
        }
    }
}

/// The figures of one measurement.
pub(crate) struct Figures {
    /// What was measured: rounds or operations.
    what: What,
    clients: u64,
    count: usize,
    per_second: f64,
    median_ms: f64,
    percentile_99_ms: f64,
    slowest_ms: f64,
    messages_each: f64,
    bytes_each: f64,
}

impl Figures {
    /// The figures of rounds or operations with these latencies, which took `elapsed` together.
    pub(crate) fn of(
        what: What,
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
        let count = latencies.len();
        Ok(Self {
            what,
            clients,
            count,
            per_second: count as f64 / elapsed.as_secs_f64(),
            median_ms: histogram.value_at_quantile(0.5) as f64 / 1e3,
            percentile_99_ms: histogram.value_at_quantile(0.99) as f64 / 1e3,
            slowest_ms: histogram.max() as f64 / 1e3,
            messages_each: sent.messages as f64 / count as f64,
            bytes_each: sent.bytes as f64 / count as f64,
        })
    }

    /// As a table or a JSON object.
    pub(crate) fn render(&self, format: ReportFormat) -> anyhow::Result<String> {
        match format {
            ReportFormat::Table => Ok(self.table()),
            ReportFormat::Json => {
                let (one, many) = self.what.one_and_many();
                text(&json!({
                    "clients": self.clients,
                    many: self.count,
                    format!("{many}_per_second"): self.per_second,
                    "median_ms": self.median_ms,
                    "percentile_99_ms": self.percentile_99_ms,
                    "slowest_ms": self.slowest_ms,
                    format!("messages_per_{one}"): self.messages_each,
                    format!("bytes_per_{one}"): self.bytes_each,
                }))
            }
        }
    }

    fn table(&self) -> String {
        let (one, many) = self.what.one_and_many();
        let header = [
            "clients".to_owned(),
            many.to_owned(),
            format!("{many}/s"),
            "median".to_owned(),
            "99th percentile".to_owned(),
            "slowest".to_owned(),
            format!("messages/{one}"),
            format!("bytes/{one}"),
        ];
        let row = [
            self.clients.to_string(),
            self.count.to_string(),
            format!("{:.1}", self.per_second),
            format!("{:.2} ms", self.median_ms),
            format!("{:.2} ms", self.percentile_99_ms),
            format!("{:.2} ms", self.slowest_ms),
            format!("{:.1}", self.messages_each),
            format!("{:.0}", self.bytes_each),
        ];
        format!(
            "{}\n",
            table(header.each_ref().map(String::as_str), std::iter::once(row))
        )
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
        let figures =
            Figures::of(What::Rounds, 2, &latencies, Duration::from_secs(4), sent).unwrap();
        assert_eq!(figures.per_second, 25.0);
        assert!((figures.median_ms - 50.0).abs() < 0.1);
        assert!((figures.percentile_99_ms - 99.0).abs() < 0.1);
        assert_eq!((figures.messages_each, figures.bytes_each), (40.0, 1000.0));
    }
}
