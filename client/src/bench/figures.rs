//! The figures of a measurement.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;
use hdrhistogram::Histogram;
use serde::Serialize;

use crate::bench::run::Run;
use crate::bench::traffic::Sent;
use crate::options::ReportFormat;
use crate::render::json::{rounded, text};
use crate::render::table::{or_dash, pairs};

/// The figures of one measurement.
pub(crate) struct Figures {
    /// The name of one measured step, and of several.
    one_and_many: (&'static str, &'static str),
    clients: u64,
    /// The warm-up of each client, which is not measured.
    warmup: u64,
    count: usize,
    elapsed: Duration,
    p50_ms: f64,
    p95_ms: f64,
    p99_ms: f64,
    max_ms: f64,
    /// The messages of the processes during the measurement; `None` if the measurement was stopped.
    sent: Option<Sent>,
}

impl Figures {
    /// The figures of the steps that were measured in this time.
    pub(crate) fn of(run: &Run<'_>, elapsed: Duration, sent: Option<Sent>) -> anyhow::Result<Self> {
        let latencies = run.latencies();
        let one_and_many = run.work.one_and_many();
        Self::of_latencies(
            one_and_many,
            run.clients,
            run.warmup,
            &latencies,
            elapsed,
            sent,
        )
    }

    fn of_latencies(
        one_and_many: (&'static str, &'static str),
        clients: u64,
        warmup: u64,
        latencies: &[Duration],
        elapsed: Duration,
        sent: Option<Sent>,
    ) -> anyhow::Result<Self> {
        let mut histogram = Histogram::<u64>::new(3).context("histogram")?;
        for latency in latencies {
            histogram
                .record(u64::try_from(latency.as_micros())?)
                .context("histogram")?;
        }
        let millis = |micros: u64| micros as f64 / 1e3;
        Ok(Self {
            one_and_many,
            clients,
            warmup,
            count: latencies.len(),
            elapsed,
            p50_ms: millis(histogram.value_at_quantile(0.5)),
            p95_ms: millis(histogram.value_at_quantile(0.95)),
            p99_ms: millis(histogram.value_at_quantile(0.99)),
            max_ms: millis(histogram.max()),
            sent,
        })
    }

    /// As a table or a JSON object.
    pub(crate) fn render(&self, format: ReportFormat) -> anyhow::Result<String> {
        match format {
            ReportFormat::Table => Ok(self.table()),
            ReportFormat::Json => text(&self.object()),
        }
    }

    fn per_second(&self) -> f64 {
        self.count as f64 / self.elapsed.as_secs_f64()
    }

    fn messages_each(&self) -> Option<f64> {
        self.sent
            .map(|sent| sent.messages as f64 / self.count as f64)
    }

    fn bytes_each(&self) -> Option<f64> {
        self.sent.map(|sent| sent.bytes as f64 / self.count as f64)
    }

    fn table(&self) -> String {
        let (one, many) = self.one_and_many;
        let messages = self.messages_each().map(|each| format!("{each:.1}"));
        let bytes = self.bytes_each().map(|each| format!("{each:.0}"));
        let figures = pairs([
            ("clients", self.clients.to_string()),
            (many, self.count.to_string()),
            (
                &format!("{many} per second"),
                format!("{:.1}", self.per_second()),
            ),
            ("median", format!("{:.2} ms", self.p50_ms)),
            ("95th percentile", format!("{:.2} ms", self.p95_ms)),
            ("99th percentile", format!("{:.2} ms", self.p99_ms)),
            ("slowest", format!("{:.2} ms", self.max_ms)),
            (&format!("messages per {one}"), or_dash(messages)),
            (&format!("bytes per {one}"), or_dash(bytes)),
        ]);
        format!("{figures}\n{}\n", self.conditions())
    }

    /// `Each client first ran 10 rounds as warm-up, which are not counted.`
    fn conditions(&self) -> String {
        let (one, many) = self.one_and_many;
        let warmup = match self.warmup {
            0 => "There was no warm-up.".to_owned(),
            1 => format!("Each client first ran 1 {one} as warm-up, which is not counted."),
            warmup => {
                format!("Each client first ran {warmup} {many} as warm-up, which are not counted.")
            }
        };
        if self.sent.is_some() {
            return warmup;
        }
        format!("{warmup}\nThe measurement was stopped before its end.")
    }

    fn object(&self) -> Object {
        let (one, many) = self.one_and_many;
        let each = [
            (format!("{many}_per_second"), Some(self.per_second())),
            (format!("messages_per_{one}"), self.messages_each()),
            (format!("bytes_per_{one}"), self.bytes_each()),
        ];
        Object {
            complete: self.sent.is_some(),
            clients: self.clients,
            counts: BTreeMap::from([
                (format!("warmup_{many}_per_client"), self.warmup),
                (many.to_owned(), self.count as u64),
            ]),
            elapsed_s: rounded(self.elapsed.as_secs_f64()),
            p50_ms: self.p50_ms,
            p95_ms: self.p95_ms,
            p99_ms: self.p99_ms,
            max_ms: self.max_ms,
            each: each.map(|(name, value)| (name, value.map(rounded))).into(),
        }
    }
}

/// Some members have the counted unit in their name: rounds or operations.
#[derive(Serialize)]
struct Object {
    /// Whether the measurement is complete.
    complete: bool,
    clients: u64,
    #[serde(flatten)]
    counts: BTreeMap<String, u64>,
    elapsed_s: f64,
    p50_ms: f64,
    p95_ms: f64,
    p99_ms: f64,
    max_ms: f64,
    #[serde(flatten)]
    each: BTreeMap<String, Option<f64>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(sent: Option<Sent>) -> Figures {
        let latencies: Vec<_> = (1..=100).map(Duration::from_millis).collect();
        let elapsed = Duration::from_secs(4);
        Figures::of_latencies(("round", "rounds"), 2, 10, &latencies, elapsed, sent).unwrap()
    }

    fn object(sent: Option<Sent>) -> serde_json::Value {
        let text = figures(sent).render(ReportFormat::Json).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn figures_are_per_round_and_per_second() {
        let sent = Sent {
            messages: 4000,
            bytes: 100_000,
        };
        let object = object(Some(sent));
        assert_eq!(object["complete"], true);
        assert_eq!(object["rounds"], 100);
        assert_eq!(object["rounds_per_second"], 25.0);
        assert!((object["p50_ms"].as_f64().unwrap() - 50.0).abs() < 0.1);
        assert!((object["p99_ms"].as_f64().unwrap() - 99.0).abs() < 0.1);
        assert_eq!(object["messages_per_round"], 40.0);
        assert_eq!(object["bytes_per_round"], 1000.0);
    }

    #[test]
    fn a_measurement_that_was_stopped_says_so() {
        let object = object(None);
        assert_eq!(object["complete"], false);
        assert!(object["messages_per_round"].is_null());
        let table = figures(None).render(ReportFormat::Table).unwrap();
        assert!(
            table.ends_with(
                "Each client first ran 10 rounds as warm-up, which are not counted.\n\
             The measurement was stopped before its end.\n"
            ),
            "{table}"
        );
    }
}
