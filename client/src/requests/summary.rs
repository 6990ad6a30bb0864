//! What `client requests` prints.

use std::time::Duration;

use anyhow::Context as _;
use hdrhistogram::Histogram;
use serde_json::json;

use super::sender::Outcome;
use crate::exit::Exit;
use crate::options::ReportFormat;
use crate::render::json::{millis, text};
use crate::render::table::pairs;

/// The requests so far.
pub(super) struct Summary {
    sent: u64,
    pub(super) succeeded: u64,
    pub(super) retried: u64,
    /// Why the last one that failed did so.
    pub(super) why: Option<String>,
    /// In microseconds.
    latencies: Option<Histogram<u64>>,
}

impl Default for Summary {
    fn default() -> Self {
        Self {
            sent: 0,
            succeeded: 0,
            retried: 0,
            why: None,
            latencies: Histogram::new(3).ok(),
        }
    }
}

impl Summary {
    pub(super) fn add(&mut self, outcome: &Outcome) -> anyhow::Result<()> {
        self.sent += 1;
        self.retried += u64::from(outcome.retries);
        match outcome.latency {
            Some(latency) => {
                self.succeeded += 1;
                let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
                let latencies = self.latencies.as_mut().context("the histogram")?;
                latencies.record(micros).context("a latency")?;
            }
            None => self.why.clone_from(&outcome.error),
        }
        Ok(())
    }

    /// The percentile of the latency.
    fn percentile(&self, percent: f64) -> Option<Duration> {
        let latencies = self.latencies.as_ref().filter(|all| !all.is_empty())?;
        Some(Duration::from_micros(
            latencies.value_at_percentile(percent),
        ))
    }

    pub(super) fn render(&self, format: ReportFormat, exit: Exit) -> anyhow::Result<String> {
        let [p50, p95, p99] = [50.0, 95.0, 99.0].map(|percent| self.percentile(percent));
        if format == ReportFormat::Json {
            let mut object = json!({
                "sent": self.sent,
                "succeeded": self.succeeded,
                "retried": self.retried,
                "p50_ms": p50.map(millis),
                "p95_ms": p95.map(millis),
                "p99_ms": p99.map(millis),
            });
            if exit != Exit::Agree {
                let message = self.why.as_deref().unwrap_or_default();
                object["error"] = json!({"message": message, "exit_status": exit.status()});
            }
            return text(&object);
        }
        let time = |time: Option<Duration>| {
            time.map_or("-".to_owned(), |time| {
                format!("{:.1} ms", time.as_secs_f64() * 1e3)
            })
        };
        let table = pairs([
            ("sent", self.sent.to_string()),
            ("succeeded", self.succeeded.to_string()),
            ("retried", self.retried.to_string()),
            ("median", time(p50)),
            ("95th percentile", time(p95)),
            ("99th percentile", time(p99)),
        ]);
        Ok(format!("{table}\n"))
    }
}
