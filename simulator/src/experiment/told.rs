//! What is made of the runs of an experiment.

use quorate_report::statistics::median;
use quorate_report::{
    Axis, Band, Chart, Curve, Finding, Point, Row, Section, Series, Shape, Source,
};

/// The runs, and the charts and findings made of them so far.
pub(super) struct Told<'a> {
    pub(super) section: &'a Section,
    charts: Vec<Chart>,
    findings: Vec<Finding>,
}

/// A picture, but for what does not change from one to the other.
pub(super) struct Picture {
    /// Behind the experiment's name in the name of the file.
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) series: Vec<Series>,
    pub(super) curves: Vec<Curve>,
    pub(super) bands: Vec<Band>,
    pub(super) text: String,
}

impl<'a> Told<'a> {
    pub(super) const fn new(section: &'a Section) -> Self {
        Self {
            section,
            charts: Vec::new(),
            findings: Vec::new(),
        }
    }

    pub(super) fn end(self) -> (Vec<Chart>, Vec<Finding>) {
        (self.charts, self.findings)
    }

    pub(super) fn draw(&mut self, picture: Picture) {
        self.charts.push(Chart {
            name: format!("{}-{}", self.section.name, picture.name),
            title: picture.title.to_owned(),
            x: picture.x,
            y: picture.y,
            source: Source::Simulated,
            series: picture.series,
            curves: picture.curves,
            bands: picture.bands,
            text: picture.text,
        });
    }

    pub(super) fn find(&mut self, says: impl Into<String>, seen: String, holds: bool) {
        let says = says.into();
        self.findings.push(Finding { says, seen, holds });
    }

    /// What holds in every experiment.
    pub(super) fn keeps_rules(&mut self) {
        let broken = self.rows(|row| row.figure("violates") == Some(1.0));
        let broken: Vec<&str> = broken.map(|row| row.again.as_str()).collect();
        let seen = match broken.first() {
            None => format!("none in {} runs", self.section.rows.len()),
            Some(first) => format!("{} runs: {first}", broken.len()),
        };
        self.find(
            "No rule of PBFT breaks while at most f processes are faulty.",
            seen,
            broken.is_empty(),
        );
    }

    pub(super) fn rows(&self, wanted: impl Fn(&Row) -> bool) -> impl Iterator<Item = &'a Row> {
        self.section.rows.iter().filter(move |row| wanted(row))
    }

    /// A figure of the rows of some series, each series of its own.
    pub(super) fn series(&self, of: &[&str], figure: &str, shape: Shape) -> Vec<Series> {
        let series = of.iter().map(|name| Series {
            name: (*name).to_owned(),
            shape,
            points: self.points(|row| row.series == *name, figure),
        });
        series.filter(|one| !one.points.is_empty()).collect()
    }

    pub(super) fn points(&self, wanted: impl Fn(&Row) -> bool, figure: &str) -> Vec<Point> {
        let point = |row: &Row| {
            Some(Point {
                x: row.x,
                y: row.figure(figure)?,
                says: says(row),
            })
        };
        self.rows(wanted).filter_map(point).collect()
    }

    /// The median of a figure over the rows that are wanted.
    pub(super) fn median(&self, wanted: impl Fn(&Row) -> bool, figure: &str) -> Option<f64> {
        let values: Vec<f64> = self
            .rows(wanted)
            .filter_map(|row| row.figure(figure))
            .collect();
        median(&values)
    }

    /// The largest of a figure over the rows that are wanted.
    pub(super) fn most(&self, wanted: impl Fn(&Row) -> bool, figure: &str) -> f64 {
        let values = self.rows(wanted).filter_map(|row| row.figure(figure));
        values.fold(0.0, f64::max)
    }

    /// The values of x of a series, each once.
    pub(super) fn xs(&self, series: &str) -> Vec<f64> {
        let mut xs: Vec<f64> = self
            .rows(|row| row.series == series)
            .map(|row| row.x)
            .collect();
        xs.sort_by(f64::total_cmp);
        xs.dedup();
        xs
    }

    /// Each request of the runs that keep them: when it was asked for, in seconds, and how long it took. `of` has names for runs, each
    /// with the series and x.
    pub(super) fn timeline(&self, of: &[(&str, &str, f64)]) -> Vec<Series> {
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

    /// All that was asked for was answered.
    pub(super) fn all_are_answered(&mut self, says: &str) {
        let left = self.rows(|row| row.figure("asked") != row.figure("answered"));
        let left: Vec<&str> = left.map(|row| row.again.as_str()).collect();
        let seen = match left.first() {
            None => format!("all in {} runs", self.section.rows.len()),
            Some(first) => format!("not all in {} runs: {first}", left.len()),
        };
        self.find(says, seen, left.is_empty());
    }
}

/// What a dot tells.
fn says(row: &Row) -> String {
    format!(
        "{}, {}: seed {}",
        row.series,
        row.x,
        row.seed.unwrap_or_default()
    )
}

/// A number in a sentence.
pub(super) fn short(value: Option<f64>) -> String {
    match value {
        None => "nothing".to_owned(),
        Some(value) if value.abs() >= 100.0 => format!("{value:.0}"),
        Some(value) if value.abs() >= 10.0 => format!("{value:.1}"),
        Some(value) => format!("{value:.2}"),
    }
}
