//! A picture as data.

use crate::row::Source;

/// Points in a plane, and what theory says of them.
#[derive(Clone, Debug)]
pub struct Chart {
    /// The name of its file, without `.svg`.
    pub name: String,
    /// What it is about.
    pub title: String,
    /// The axis from left to right.
    pub x: Axis,
    /// The axis from below to above.
    pub y: Axis,
    /// Where the numbers come from; the axes say so.
    pub source: Source,
    /// What was found.
    pub series: Vec<Series>,
    /// What theory says.
    pub curves: Vec<Curve>,
    /// Spans of the horizontal axis in which something is wrong.
    pub bands: Vec<Band>,
    /// What one sees, and why.
    pub text: String,
}

/// An axis.
#[derive(Clone, Debug, Default)]
pub struct Axis {
    /// What it measures, with its unit: `latency (ms)`.
    pub label: String,
    /// How it is divided.
    pub scale: Scale,
    /// Names in place of the numbers 0, 1 and so on.
    pub names: Vec<String>,
}

/// How an axis is divided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// Equal steps are equally long.
    #[default]
    Linear,
    /// Equal factors are equally long. Only what is above 0 has a place.
    Log,
}

/// Points that belong together.
#[derive(Clone, Debug)]
pub struct Series {
    /// What they have in common.
    pub name: String,
    /// How they are shown.
    pub shape: Shape,
    /// The points.
    pub points: Vec<Point>,
}

/// How points are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// For each x a box from the first to the third quartile, the median with its 95 % interval, and the points over it.
    Boxes,
    /// Each point alone.
    Points,
    /// The points of one line, from left to right.
    Line,
    /// y is 0 or 1: for each x the share of ones, with its 95 % interval.
    Shares,
}

/// A point.
#[derive(Clone, Debug)]
pub struct Point {
    /// From left to right.
    pub x: f64,
    /// From below to above.
    pub y: f64,
    /// What is told of it: its seed.
    pub says: String,
}

/// A line that theory draws.
#[derive(Clone, Debug)]
pub struct Curve {
    /// What it is: `2n(n-1)`.
    pub name: String,
    /// Its points from left to right.
    pub points: Vec<(f64, f64)>,
}

/// A span of the horizontal axis.
#[derive(Clone, Debug)]
pub struct Band {
    /// What is wrong in it.
    pub name: String,
    /// From here.
    pub from: f64,
    /// To there.
    pub to: f64,
}

impl Axis {
    /// An axis of numbers.
    #[must_use]
    pub fn of(label: &str, scale: Scale) -> Self {
        Self {
            label: label.to_owned(),
            scale,
            names: Vec::new(),
        }
    }

    /// An axis of names.
    #[must_use]
    pub fn named(label: &str, names: Vec<String>) -> Self {
        Self {
            label: label.to_owned(),
            scale: Scale::Linear,
            names,
        }
    }
}

impl Series {
    /// The values of y for each x, from left to right.
    pub(crate) fn groups(&self) -> Vec<(f64, Vec<&Point>)> {
        let mut sorted: Vec<&Point> = self.points.iter().collect();
        sorted.sort_by(|one, other| one.x.total_cmp(&other.x));
        let mut groups: Vec<(f64, Vec<&Point>)> = Vec::new();
        for point in sorted {
            match groups.last_mut() {
                Some((x, group)) if x.total_cmp(&point.x).is_eq() => group.push(point),
                _ => groups.push((point.x, vec![point])),
            }
        }
        groups
    }
}
