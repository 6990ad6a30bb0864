//! How long the calls of all measurements took: as the file `latencies.hdr`, and as the tails that pictures show.

use std::time::Duration;

use anyhow::Context as _;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};
use quorate_report::{Axis, Picture, Rows, Scale, Tail, short};

/// The file in the report's folder.
pub(crate) const FILE: &str = "latencies.hdr";
/// How many per cent of the calls take longer, at the points of a tail.
const PERCENTS: [f64; 19] = [
    99.0, 90.0, 75.0, 50.0, 30.0, 20.0, 10.0, 5.0, 3.0, 2.0, 1.0, 0.5, 0.3, 0.2, 0.1, 0.05, 0.03,
    0.02, 0.01,
];
/// So many calls must have taken longer, so that it is not one call that makes a point of a tail.
const FEWEST: f64 = 5.0;
const NANOS_IN_A_MS: f64 = 1e6;

/// The calls of one measurement.
#[derive(Debug)]
pub(crate) struct Latencies {
    pub(crate) experiment: &'static str,
    pub(crate) series: String,
    pub(crate) x: f64,
    /// When the measurement began, counted from the first one's beginning.
    pub(crate) began: Duration,
    pub(crate) took: Duration,
    /// In nanoseconds.
    pub(crate) calls: Histogram<u64>,
}

impl Latencies {
    /// `load/batches_up_to_16_disk/2000`: its name has no character that ends one in the file.
    fn tag(&self) -> String {
        let series = self.series.replace(", ", "_").replace([',', ' '], "_");
        format!("{}/{series}/{}", self.experiment, self.x)
    }
}

/// One text for all: HdrHistogram's log of intervals, a line for each measurement.
///
/// # Errors
/// A measurement cannot be written down.
pub(crate) fn log<'a>(all: impl Iterator<Item = &'a Latencies>) -> anyhow::Result<String> {
    let (mut text, mut serializer) = (Vec::new(), V2DeflateSerializer::new());
    let mut builder = IntervalLogWriterBuilder::new();
    builder
        .add_comment("[Histogram log format version 1.3]")
        .add_comment("Latencies in ns. The tag says of what: experiment/series/x. Times count from the first measurement's beginning.")
        .with_max_value_divisor(NANOS_IN_A_MS);
    let mut log = builder.begin_log_with(&mut text, &mut serializer)?;
    for one in all {
        let tag = one.tag();
        let written = log.write_histogram(&one.calls, one.began, one.took, Tag::new(&tag));
        written.with_context(|| format!("{FILE}: {tag}"))?;
    }
    Ok(String::from_utf8(text)?)
}

/// The tail of each point, of all its turns together.
///
/// # Errors
/// Their histograms do not fit together.
pub(crate) fn tails(all: &[Latencies]) -> anyhow::Result<Vec<Tail>> {
    let mut points: Vec<(&Latencies, Histogram<u64>)> = Vec::new();
    for one in all {
        let is_same = |(first, _): &&mut (&Latencies, _)| {
            first.series == one.series && first.x.total_cmp(&one.x).is_eq()
        };
        match points.iter_mut().find(is_same) {
            Some((_, calls)) => calls.add(&one.calls)?,
            None => points.push((one, one.calls.clone())),
        }
    }
    let tails = points.into_iter().map(|(first, calls)| Tail {
        series: first.series.clone(),
        x: first.x,
        points: tail(&calls),
    });
    Ok(tails.collect())
}

/// A latency in milliseconds, and how many per cent of the calls took longer.
fn tail(calls: &Histogram<u64>) -> Vec<(f64, f64)> {
    let count = calls.len() as f64;
    let is_known = |percent: &f64| percent / 100.0 * count >= FEWEST;
    let known = PERCENTS.into_iter().filter(is_known);
    let point = |percent: f64| {
        let nanos = calls.value_at_quantile(1.0 - percent / 100.0);
        (nanos as f64 / NANOS_IN_A_MS, percent)
    };
    known.map(point).collect()
}

/// Which part of the writes took longer than so long, at some points: each with its name, its series and x. `text` says what one sees of them.
pub(crate) fn picture(
    rows: Rows<'_>,
    title: &'static str,
    points: &[(String, &str, f64)],
    text: &str,
) -> Picture {
    Picture {
        name: "tail",
        title,
        x: Axis::of("latency (ms)", Scale::Log),
        y: Axis::of("writes that took longer (%)", Scale::Log),
        series: rows.tails(points),
        text: format!(
            "The writes of all turns together. At 50 % is the median, at 1 % the 99th percentile, at 0.1 % the 99.9th. {text}"
        ),
        ..Picture::default()
    }
}

/// The latency in milliseconds that so many per cent of the calls at a point exceeded, in a sentence.
pub(crate) fn slow(rows: Rows<'_>, series: &str, x: f64, percent: f64) -> String {
    let tail = rows.tail(series, x);
    short(tail.and_then(|tail| tail.latency_ms(percent)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use hdrhistogram::Histogram;
    use hdrhistogram::serialization::Deserializer;
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

    use super::{Latencies, log, tails};

    /// Calls of 1 to 500 ms.
    fn latencies(series: &str, from: u64) -> Latencies {
        let mut calls = Histogram::new(3).unwrap();
        for millis in from..from + 500 {
            calls.record(millis * 1_000_000).unwrap();
        }
        Latencies {
            experiment: "load",
            series: series.to_owned(),
            x: 250.0,
            began: Duration::from_secs(7),
            took: Duration::from_millis(1500),
            calls,
        }
    }

    #[test]
    fn the_turns_of_a_point_make_one_tail_and_points_that_few_calls_make_are_left_out() {
        let all = [latencies("a", 1), latencies("b", 1), latencies("a", 501)];
        let tails = tails(&all).unwrap();
        let named: Vec<_> = tails.iter().map(|one| one.series.as_str()).collect();
        assert_eq!(named, ["a", "b"]);
        let near = |percent: f64, millis: f64| {
            let found = tails[0].latency_ms(percent).unwrap();
            assert!((found / millis - 1.0).abs() < 0.002, "{percent}: {found}");
        };
        near(50.0, 500.0);
        near(1.0, 990.0);
        assert_eq!(tails[0].latency_ms(0.5).map(f64::round), Some(995.0));
        assert_eq!(
            tails[0].latency_ms(0.3),
            None,
            "of 1000 calls 3 take longer"
        );
        assert_eq!(
            tails[1].latency_ms(0.5),
            None,
            "of 500 calls 2.5 take longer"
        );
    }

    #[test]
    fn the_log_is_read_again_call_by_call() {
        let all = [latencies("batches up to 16, disk", 1)];
        let text = log(all.iter()).unwrap();
        let mut entries = IntervalLogIterator::new(text.as_bytes());
        let Some(Ok(LogEntry::Interval(line))) = entries.next() else {
            panic!("{text}");
        };
        assert_eq!(
            line.tag().unwrap().as_str(),
            "load/batches_up_to_16_disk/250"
        );
        assert_eq!(line.start_timestamp(), Duration::from_secs(7));
        assert_eq!(line.duration(), Duration::from_millis(1500));
        let bytes = STANDARD.decode(line.encoded_histogram()).unwrap();
        let calls: Histogram<u64> = Deserializer::new()
            .deserialize(&mut bytes.as_slice())
            .unwrap();
        assert_eq!(calls, all[0].calls);
        assert!(entries.next().is_none());
    }
}
