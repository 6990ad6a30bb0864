//! Axes: their ranges, and where their numbers or names stand.

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};

use crate::chart::{Axis, Chart, Scale, Shape};
use crate::ticks;

/// One axis: its range and numbers, as places in the picture.
pub(super) struct Side<'a> {
    axis: &'a Axis,
    pub(super) range: (f64, f64),
    pub(super) ticks: Vec<f64>,
}

impl<'a> Side<'a> {
    pub(super) fn horizontal(chart: &'a Chart) -> Self {
        let points = chart.series.iter().flat_map(|series| &series.points);
        let curves = chart.curves.iter().flat_map(|curve| &curve.points);
        let bands = chart.bands.iter().flat_map(|band| [band.from, band.to]);
        let all = points.map(|point| point.x);
        let all = all.chain(curves.map(|point| point.0)).chain(bands);
        let mut side = Self::of(&chart.x, all, true);
        if chart.x.names.is_empty()
            && chart
                .series
                .iter()
                .any(|one| matches!(one.shape, Shape::Boxes | Shape::Shares))
        {
            // Boxes need room at both ends.
            let room = (side.range.1 - side.range.0) * 0.05;
            side.range = (side.range.0 - room, side.range.1 + room);
        }
        side
    }

    pub(super) fn vertical(chart: &'a Chart) -> Self {
        let points = chart.series.iter().flat_map(|series| &series.points);
        let curves = chart.curves.iter().flat_map(|curve| &curve.points);
        let all = points.map(|point| point.y);
        let all = all.chain(curves.map(|point| point.1));
        let shares = chart.series.iter().any(|one| one.shape == Shape::Shares);
        let all: Vec<f64> = if shares {
            vec![0.0, 1.0]
        } else if chart.y.scale == Scale::Linear {
            all.chain([0.0]).collect()
        } else {
            all.collect()
        };
        Self::of(&chart.y, all.into_iter(), false)
    }

    fn of(axis: &'a Axis, values: impl Iterator<Item = f64>, is_tight: bool) -> Self {
        if !axis.names.is_empty() {
            let ticks: Vec<f64> = (0..axis.names.len() as u32).map(f64::from).collect();
            let last = ticks.last().copied().unwrap_or_default();
            return Self {
                axis,
                range: (-0.6, last + 0.6),
                ticks,
            };
        }
        let fits = |value: &f64| axis.scale == Scale::Linear || *value > 0.0;
        let values: Vec<f64> = values.filter(fits).collect();
        let least = values.iter().copied().reduce(f64::min).unwrap_or(1.0);
        let most = values.iter().copied().reduce(f64::max).unwrap_or(1.0);
        let mut ticks = ticks::ticks(least, most, axis.scale);
        if is_tight && values.iter().all(|value| value.fract() == 0.0) {
            // What is counted has no halves.
            ticks.retain(|tick| tick.fract() == 0.0);
        }
        let place = |value: f64| match axis.scale {
            Scale::Linear => value,
            Scale::Log => value.log10(),
        };
        let ticks: Vec<f64> = ticks.into_iter().map(place).collect();
        let first = ticks.first().copied().unwrap_or(0.0);
        let last = ticks.last().copied().unwrap_or(1.0);
        let range = if is_tight && most > least {
            (place(least), place(most))
        } else {
            (first, last)
        };
        Self { axis, range, ticks }
    }

    pub(super) fn places(&self) -> Places {
        Places {
            range: self.range,
            ticks: self.ticks.clone(),
        }
    }

    /// Where a value is, if it has a place.
    pub(super) fn place(&self, value: f64) -> Option<f64> {
        match self.axis.scale {
            Scale::Linear => Some(value),
            Scale::Log => (value > 0.0).then(|| value.log10()),
        }
    }

    /// The value that has this place.
    pub(super) fn value(&self, place: f64) -> f64 {
        match self.axis.scale {
            Scale::Linear => place,
            Scale::Log => 10_f64.powf(place),
        }
    }

    pub(super) fn label(&self, place: f64) -> String {
        if !self.axis.names.is_empty() {
            let is_here = |index: &u32| (f64::from(*index) - place).abs() < 1e-6;
            let mut all = (0..).zip(&self.axis.names);
            let found = all.find(|(index, _)| is_here(index));
            return found.map_or_else(String::new, |(_, name)| name.clone());
        }
        ticks::label(self.value(place))
    }

    /// Whether its names are too long to stand side by side.
    pub(super) fn turns(&self) -> bool {
        self.longest_name() * self.axis.names.len() > 95
    }

    /// How many pixels what stands below the plane needs: turned names stand on their ends, 7 pixels a letter, above the axis's title.
    pub(super) fn room_below(&self) -> u32 {
        if !self.turns() {
            return 48;
        }
        u32::try_from(self.longest_name() * 7 + 40).unwrap_or(u32::MAX)
    }

    /// In letters.
    fn longest_name(&self) -> usize {
        let names = self.axis.names.iter();
        names.map(|name| name.chars().count()).max().unwrap_or(0)
    }
}

/// The places of an axis, with those of its numbers.
pub(super) struct Places {
    range: (f64, f64),
    ticks: Vec<f64>,
}

impl Ranged for Places {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (first, last): (i32, i32)) -> i32 {
        let share = (value - self.range.0) / (self.range.1 - self.range.0);
        first + rounded(share * f64::from(last - first))
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() {
            return Vec::new();
        }
        let (from, to) = self.range;
        let room = (to - from) * 1e-9;
        let ticks = self.ticks.iter().copied();
        ticks
            .filter(|tick| *tick >= from - room && *tick <= to + room)
            .collect()
    }

    fn range(&self) -> std::ops::Range<f64> {
        self.range.0..self.range.1
    }
}

/// To the nearest pixel.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a place in a picture is small"
)]
fn rounded(place: f64) -> i32 {
    place.round() as i32
}
