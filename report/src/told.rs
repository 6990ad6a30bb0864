//! What is made of the runs of an experiment.

use crate::chart::{Axis, Band, Chart, Curve, Point, Series, Shape};
use crate::row::{Row, Source, Tail};
use crate::section::{Finding, Section};
use crate::statistics::median;

/// The runs of an experiment, to be asked.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    section: &'a Section,
}

/// The runs of an experiment, and the charts and findings made of them so far.
#[derive(Debug)]
pub struct Told<'a> {
    rows: Rows<'a>,
    source: Source,
    charts: Vec<Chart>,
    findings: Vec<Finding>,
}

/// A picture, but for what does not change from one to the other.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    /// Behind the experiment's name in the name of the file.
    pub name: &'static str,
    /// What it is about.
    pub title: &'static str,
    /// The axis from left to right.
    pub x: Axis,
    /// The axis from below to above.
    pub y: Axis,
    /// What was found.
    pub series: Vec<Series>,
    /// What theory says.
    pub curves: Vec<Curve>,
    /// Spans of the horizontal axis in which something is wrong.
    pub bands: Vec<Band>,
    /// What one sees, and why.
    pub text: String,
}

impl Section {
    /// This section with what `tell` makes of its rows. With a reason why rows are missing, nothing is compared with theory: the findings
    /// are left out.
    #[must_use]
    pub fn told(
        mut self,
        source: Source,
        missing: Option<String>,
        tell: impl FnOnce(&mut Told<'_>),
    ) -> Self {
        let mut told = Told {
            rows: Rows { section: &self },
            source,
            charts: Vec::new(),
            findings: Vec::new(),
        };
        tell(&mut told);
        let Told {
            charts, findings, ..
        } = told;
        self.charts = charts;
        if missing.is_none() {
            self.findings = findings;
        }
        self.cut_short = missing;
        self
    }
}

impl<'a> Told<'a> {
    /// The runs.
    #[must_use]
    pub const fn rows(&self) -> Rows<'a> {
        self.rows
    }

    /// Adds a picture.
    pub fn draw(&mut self, picture: Picture) {
        self.charts.push(Chart {
            name: format!("{}-{}", self.rows.section.name, picture.name),
            title: picture.title.to_owned(),
            x: picture.x,
            y: picture.y,
            source: self.source,
            series: picture.series,
            curves: picture.curves,
            bands: picture.bands,
            text: picture.text,
        });
    }

    /// Adds a finding: what theory says, what came out, and whether that fits.
    pub fn find(&mut self, says: impl Into<String>, seen: impl Into<String>, holds: bool) {
        self.findings.push(Finding {
            says: says.into(),
            seen: seen.into(),
            holds,
        });
    }

    /// Adds the finding that every row that is wanted is as theory says. It fails if there are no such rows.
    pub fn find_in_each(
        &mut self,
        says: impl Into<String>,
        wanted: impl Fn(&Row) -> bool,
        is_right: impl Fn(&Row) -> bool,
    ) {
        let all: Vec<&Row> = self.rows.of(wanted).collect();
        let wrong: Vec<&Row> = all.iter().copied().filter(|row| !is_right(row)).collect();
        let seen = match wrong.first() {
            None if all.is_empty() => "in no run, for there is none of this kind".to_owned(),
            None => format!("in all {} runs", all.len()),
            Some(first) => format!(
                "not in {} of {} runs: {}",
                wrong.len(),
                all.len(),
                first.again
            ),
        };
        self.find(says, seen, wrong.is_empty() && !all.is_empty());
    }

    /// All that was asked for was answered.
    pub fn all_are_answered(&mut self, says: &str) {
        let all = |row: &Row| row.figure("asked") == row.figure("answered");
        self.find_in_each(says, |_| true, all);
    }
}

impl<'a> Rows<'a> {
    /// The rows that are wanted.
    pub fn of(self, wanted: impl Fn(&Row) -> bool) -> impl Iterator<Item = &'a Row> {
        self.section.rows.iter().filter(move |row| wanted(row))
    }

    /// A figure of the rows of some series, each series of its own.
    #[must_use]
    pub fn series(self, of: &[&str], figure: &str, shape: Shape) -> Vec<Series> {
        self.series_of(of, shape, |row| Some((row.x, row.figure(figure)?)))
    }

    /// Where the rows of some series stand, each series of its own.
    pub fn series_of(
        self,
        of: &[&str],
        shape: Shape,
        place: impl Fn(&Row) -> Option<(f64, f64)>,
    ) -> Vec<Series> {
        let series = of.iter().map(|name| {
            let rows = self.of(|row| row.series == *name);
            let points = rows.filter_map(|row| Some(point(row, place(row)?)));
            Series {
                name: (*name).to_owned(),
                shape,
                points: points.collect(),
            }
        });
        series.filter(|one| !one.points.is_empty()).collect()
    }

    /// A figure of the rows that are wanted, against x.
    pub fn points(self, wanted: impl Fn(&Row) -> bool, figure: &str) -> Vec<Point> {
        let rows = self.of(wanted);
        let points = rows.filter_map(|row| Some(point(row, (row.x, row.figure(figure)?))));
        points.collect()
    }

    /// The median of a figure over the rows that are wanted.
    pub fn median(self, wanted: impl Fn(&Row) -> bool, figure: &str) -> Option<f64> {
        let values: Vec<f64> = self
            .of(wanted)
            .filter_map(|row| row.figure(figure))
            .collect();
        median(&values)
    }

    /// The median of a figure at one point.
    #[must_use]
    pub fn median_at(self, series: &str, x: f64, figure: &str) -> Option<f64> {
        let is_there = |row: &Row| row.series == series && row.x.total_cmp(&x).is_eq();
        self.median(is_there, figure)
    }

    /// The largest of a figure over the rows that are wanted.
    pub fn most(self, wanted: impl Fn(&Row) -> bool, figure: &str) -> f64 {
        let values = self.of(wanted).filter_map(|row| row.figure(figure));
        values.fold(0.0, f64::max)
    }

    /// The values of x of a series, each once.
    pub fn xs(self, series: &str) -> Vec<f64> {
        let mut xs: Vec<f64> = self
            .of(|row| row.series == series)
            .map(|row| row.x)
            .collect();
        xs.sort_by(f64::total_cmp);
        xs.dedup();
        xs
    }

    /// The slowest calls at some points: how many per cent took longer than so many milliseconds. `of` has names for points, each with the
    /// series and x.
    #[must_use]
    pub fn tails(self, of: &[(String, &str, f64)]) -> Vec<Series> {
        let series = of.iter().filter_map(|(name, series, x)| {
            let points = self.tail(series, *x)?.points.iter();
            let says = |percent: f64| format!("{name}: {percent} % took longer");
            Some(Series {
                name: name.clone(),
                shape: Shape::Line,
                points: points
                    .map(|(x, y)| Point {
                        x: *x,
                        y: *y,
                        says: says(*y),
                    })
                    .collect(),
            })
        });
        series.collect()
    }

    /// How the latencies of a point end.
    #[must_use]
    pub fn tail(self, series: &str, x: f64) -> Option<&'a Tail> {
        let mut tails = self.section.tails.iter();
        tails.find(|one| one.series == series && one.x.total_cmp(&x).is_eq())
    }

    /// Each request of the runs that keep them: when it was asked for, in seconds, and how long it took. `of` has names for runs, each
    /// with the series and x.
    pub fn timeline(self, of: &[(&str, &str, f64)]) -> Vec<Series> {
        let series = of.iter().map(|(name, series, x)| {
            let requests = self.section.requests.iter();
            let own = requests.filter(|one| one.series == *series && one.x.total_cmp(x).is_eq());
            let points = own.filter_map(|one| {
                Some(Point {
                    x: one.asked_ms / 1000.0,
                    y: one.latency_ms?,
                    says: format!("{name}: seed {}", one.seed.unwrap_or_default()),
                })
            });
            Series {
                name: (*name).to_owned(),
                shape: Shape::Points,
                points: points.collect(),
            }
        });
        series.filter(|one| !one.points.is_empty()).collect()
    }
}

/// A dot, and what it tells.
fn point(row: &Row, (x, y): (f64, f64)) -> Point {
    let seed = row.seed.map(|seed| format!(": seed {seed}"));
    let says = format!("{}, {}{}", row.series, row.x, seed.unwrap_or_default());
    Point { x, y, says }
}

/// A number in a sentence.
pub fn short(value: Option<f64>) -> String {
    match value {
        None => "nothing".to_owned(),
        Some(value) if value.abs() >= 100.0 => format!("{value:.0}"),
        Some(value) if value.abs() >= 10.0 => format!("{value:.1}"),
        Some(value) => format!("{value:.2}"),
    }
}
