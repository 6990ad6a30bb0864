//! The figures of a run, and of several runs together.

use std::time::Duration;

use crate::bench::empty::Empty;
use crate::bench::latencies::Latencies;
use crate::bench::traffic::Sent;

/// One run.
pub(crate) struct Run {
    /// From 1.
    pub(crate) number: u64,
    /// How many rounds or operations were measured.
    pub(crate) count: u64,
    /// Of each round, or of each call with one operation or several.
    pub(crate) latencies: Latencies,
    pub(crate) elapsed: Duration,
    /// The processor time that this program used.
    pub(crate) processor_time: Duration,
    /// What the processes sent each other; `None` if the run was stopped.
    pub(crate) sent: Option<Sent>,
    /// What the empty method did just before, with `--compare`.
    pub(crate) empty: Option<Empty>,
}

/// What is said of each run.
pub(crate) struct Figure {
    /// Its name in JSON and CSV, with the unit at its end.
    pub(crate) name: &'static str,
    /// Its value; `None` if it was not measured.
    pub(crate) of: fn(&Run) -> Option<f64>,
}

const fn figure(name: &'static str, of: fn(&Run) -> Option<f64>) -> Figure {
    Figure { name, of }
}

/// All figures, in the order of columns.
pub(crate) const FIGURES: [Figure; 15] = [
    figure("count", |run| Some(run.count as f64)),
    figure("elapsed_s", |run| Some(run.elapsed.as_secs_f64())),
    figure("per_second", |run| Some(run.per_second())),
    figure("p50_ms", |run| Some(run.quantile_ms(0.5))),
    figure("p95_ms", |run| Some(run.quantile_ms(0.95))),
    figure("p99_ms", |run| Some(run.quantile_ms(0.99))),
    figure("p999_ms", |run| Some(run.quantile_ms(0.999))),
    figure("max_ms", |run| Some(run.quantile_ms(1.0))),
    figure("messages_each", |run| {
        run.sent.map(|sent| sent.messages as f64 / run.count as f64)
    }),
    figure("bytes_each", |run| {
        run.sent.map(|sent| sent.bytes as f64 / run.count as f64)
    }),
    figure("client_cpu_percent", |run| {
        Some(100.0 * run.processor_time.as_secs_f64() / run.elapsed.as_secs_f64())
    }),
    figure("e1_ms", |run| run.empty.map(|empty| millis(empty.median))),
    figure("e32_per_second", |run| {
        run.empty.map(|empty| empty.per_second)
    }),
    figure("p50_in_e1", |run| {
        let empty = run.empty?;
        Some(run.quantile_ms(0.5) / millis(empty.median))
    }),
    figure("per_second_in_e32", |run| {
        let empty = run.empty?;
        Some(run.per_second() / empty.per_second)
    }),
];

impl Run {
    fn per_second(&self) -> f64 {
        self.count as f64 / self.elapsed.as_secs_f64()
    }

    fn quantile_ms(&self, part: f64) -> f64 {
        millis(self.latencies.quantile(part))
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// A figure in several runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) lowest: f64,
    pub(crate) median: f64,
    pub(crate) highest: f64,
}

impl Spread {
    /// The spread of values in any order; `None` if there are none. The median of an even number of values lies in the
    /// middle between two of them.
    pub(crate) fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (lowest, highest) = (*values.first()?, *values.last()?);
        let middle = [values[(values.len() - 1) / 2], values[values.len() / 2]];
        Some(Self {
            lowest,
            median: f64::midpoint(middle[0], middle[1]),
            highest,
        })
    }

    /// The spread of a figure over all runs that have it.
    pub(crate) fn over(runs: &[Run], figure: &Figure) -> Option<Self> {
        Self::of(runs.iter().filter_map(figure.of).collect())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A run of 4 s with 100 calls of 1 to 100 ms. The empty method took 2 ms, and was called 50 times a second.
    pub(crate) fn run(number: u64, sent: Option<Sent>, compare: bool) -> Run {
        let mut latencies = Latencies::new().unwrap();
        for millis in 1..=100 {
            latencies.record(Duration::from_millis(millis));
        }
        Run {
            number,
            count: 100,
            latencies,
            elapsed: Duration::from_secs(4),
            processor_time: Duration::from_secs(1),
            sent,
            empty: compare.then_some(Empty {
                median: Duration::from_millis(2),
                per_second: 50.0,
            }),
        }
    }

    fn value(run: &Run, name: &str) -> Option<f64> {
        let figure = FIGURES.iter().find(|figure| figure.name == name);
        (figure.unwrap().of)(run)
    }

    #[test]
    fn figures_are_per_second_per_operation_and_in_units_of_the_empty_method() {
        let sent = Sent {
            messages: 4000,
            bytes: 100_000,
        };
        let run = run(1, Some(sent), true);
        for (name, expected) in [
            ("per_second", 25.0),
            ("p50_ms", 50.0),
            ("p99_ms", 99.0),
            ("p999_ms", 100.0),
            ("messages_each", 40.0),
            ("bytes_each", 1000.0),
            ("client_cpu_percent", 25.0),
            ("p50_in_e1", 25.0),
            ("per_second_in_e32", 0.5),
        ] {
            let found = value(&run, name).unwrap();
            assert!((found / expected - 1.0).abs() < 0.001, "{name}: {found}");
        }
    }

    #[test]
    fn what_was_not_measured_has_no_figure() {
        let run = run(1, None, false);
        for name in ["messages_each", "e1_ms", "p50_in_e1", "per_second_in_e32"] {
            assert_eq!(value(&run, name), None, "{name}");
        }
    }

    #[test]
    fn the_median_is_the_middle_value_or_lies_between_the_two_in_the_middle() {
        let spread = |values: &[f64]| Spread::of(values.to_vec()).unwrap();
        let of = |lowest, median, highest| Spread {
            lowest,
            median,
            highest,
        };
        assert_eq!(spread(&[7.0]), of(7.0, 7.0, 7.0));
        assert_eq!(spread(&[9.0, 1.0, 2.0]), of(1.0, 2.0, 9.0));
        assert_eq!(spread(&[9.0, 1.0, 4.0, 2.0]), of(1.0, 3.0, 9.0));
        assert_eq!(Spread::of(Vec::new()), None);
    }
}
