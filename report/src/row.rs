//! What came of one run, and of one request of it.

use std::fmt;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

/// Where numbers come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A virtual clock and network.
    Simulated,
    /// Live processes.
    Measured,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Simulated => "simulated",
            Self::Measured => "measured",
        })
    }
}

/// What one run came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The experiment's name.
    pub experiment: &'static str,
    /// Where the numbers come from.
    pub source: Source,
    /// What is compared: `n = 4`, `the primary crashes`.
    pub series: String,
    /// What is varied, in the unit of the experiment's axis.
    pub x: f64,
    /// The seed of a simulated run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// The figures, by name. A name says its unit: `latency_median_ms`.
    #[serde(serialize_with = "as_object")]
    pub figures: Vec<(&'static str, f64)>,
    /// The command that does this run again, in the report's folder.
    pub again: String,
}

impl Row {
    /// A figure by its name.
    #[must_use]
    pub fn figure(&self, name: &str) -> Option<f64> {
        let mut figures = self.figures.iter();
        figures
            .find(|(own, _)| *own == name)
            .map(|(_, value)| *value)
    }
}

/// What one request of a run did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Request {
    /// The experiment's name.
    pub experiment: &'static str,
    /// Of which series the run is.
    pub series: String,
    /// What is varied, as in its row.
    pub x: f64,
    /// The seed of the run.
    pub seed: Option<u64>,
    /// When it was asked for, in milliseconds from the run's beginning.
    pub asked_ms: f64,
    /// How long it took, in milliseconds. `None`: it had no answer.
    pub latency_ms: Option<f64>,
}

/// How the latencies of a point of an experiment end: which part of the calls took longer than so long.
#[derive(Clone, Debug, PartialEq)]
pub struct Tail {
    /// Of which series the point is.
    pub series: String,
    /// What is varied, as in its rows.
    pub x: f64,
    /// A latency in milliseconds, and how many per cent of the calls took longer, the most first.
    pub points: Vec<(f64, f64)>,
}

impl Tail {
    /// The latency in milliseconds that so many per cent of the calls exceeded; `None` if there were too few calls to tell.
    #[must_use]
    pub fn latency_ms(&self, percent: f64) -> Option<f64> {
        let mut points = self.points.iter();
        let found = points.find(|(_, longer)| (longer - percent).abs() < 1e-9);
        found.map(|(latency, _)| *latency)
    }
}

fn as_object<S: Serializer>(
    figures: &[(&'static str, f64)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut object = serializer.serialize_map(Some(figures.len()))?;
    for (name, value) in figures {
        object.serialize_entry(name, value)?;
    }
    object.end()
}

#[cfg(test)]
mod tests {
    use super::{Row, Source};

    #[test]
    fn a_row_is_one_object_with_its_figures_in_their_order() {
        let row = Row {
            experiment: "messages",
            source: Source::Simulated,
            series: "n".to_owned(),
            x: 4.0,
            seed: Some(3),
            figures: vec![("messages", 24.0), ("bytes", 9000.5)],
            again: "simulate replay plans/n4.toml --seed 3".to_owned(),
        };
        assert_eq!(
            serde_json::to_string(&row).unwrap(),
            r#"{"experiment":"messages","source":"simulated","series":"n","x":4.0,"seed":3,"figures":{"messages":24.0,"bytes":9000.5},"again":"simulate replay plans/n4.toml --seed 3"}"#
        );
        assert_eq!(
            (row.figure("bytes"), row.figure("bits")),
            (Some(9000.5), None)
        );
    }
}
