//! A chart as SVG.

use plotters::coord::Shift;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use quick_xml::escape::escape;

use crate::chart::{Axis, Band, Chart, Curve, Point, Scale, Series, Shape};
use crate::statistics::{Estimate, median_interval, quantile, share};
use crate::ticks;

/// A chart cannot be drawn.
#[derive(Debug, thiserror::Error)]
#[error("the picture '{chart}' cannot be drawn: {reason}")]
pub struct DrawError {
    /// The chart's name.
    pub chart: String,
    /// Why.
    pub reason: String,
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

const SIZE: (u32, u32) = (860, 470);
/// Colours that people tell apart whatever colours they see (Okabe and Ito 2008).
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 150, 200),
    RGBColor(150, 110, 0),
    RGBColor(60, 60, 60),
];
const FONT: &str = "sans-serif";
/// How wide a letter of the legend is, about.
const LETTER: i32 = 7;
/// The height of a line of the legend.
const LINE: i32 = 18;
/// How far the series of one x stand apart: on an axis of names, and on one of numbers, where the place says something.
const APART: i32 = 18;
const APART_ON_NUMBERS: i32 = 8;
/// Half the width of a box.
const HALF: i32 = 6;

/// The chart as an SVG document. The same chart gives the same bytes.
///
/// # Errors
/// It cannot be drawn.
pub(crate) fn draw(chart: &Chart) -> Result<String, DrawError> {
    let (mut text, mut says) = (String::new(), Vec::new());
    let drawn = paint(chart, &mut text, &mut says);
    drawn.map_err(|error| DrawError {
        chart: chart.name.clone(),
        reason: error.to_string(),
    })?;
    Ok(with_titles(&text, chart, &says))
}

type Painted = Result<(), DrawingAreaErrorKind<std::io::Error>>;

fn paint<'a>(chart: &'a Chart, text: &mut String, says: &mut Vec<&'a str>) -> Painted {
    let root = SVGBackend::with_string(text, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let lines = legend(chart, &root)?;
    let (xs, ys) = (Side::horizontal(chart), Side::vertical(chart));
    let turns = xs.turns();
    let mut builder = ChartBuilder::on(&root);
    builder
        .margin(12)
        .margin_top(40 + lines * LINE)
        .x_label_area_size(if turns { 120 } else { 48 })
        .y_label_area_size(72);
    let mut context = builder.build_cartesian_2d(xs.places(), ys.places())?;
    let (x_title, y_title) = (titled(&chart.x, chart), titled(&chart.y, chart));
    let y_label = |y: &f64| ys.label(*y);
    // Names that are turned are drawn below: the mesh cannot.
    let x_label = |x: &f64| if turns { String::new() } else { xs.label(*x) };
    let mut mesh = context.configure_mesh();
    mesh.light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.1))
        .axis_desc_style((FONT, 14))
        .label_style((FONT, 13))
        .x_labels(xs.ticks.len().max(1))
        .y_labels(ys.ticks.len().max(1))
        .x_label_formatter(&x_label)
        .y_label_formatter(&y_label)
        .y_desc(y_title);
    if !turns {
        mesh.x_desc(x_title);
    }
    mesh.draw()?;
    let at = |x: f64, y: f64| {
        let (x, y) = (xs.place(x)?, ys.place(y)?);
        Some(context.backend_coord(&(x, y)))
    };
    let pen = Pen {
        root: &root,
        at: &at,
    };
    if turns {
        pen.turned(&xs, ys.value(ys.range.0))?;
    }
    for band in &chart.bands {
        pen.band(band, &ys)?;
    }
    for curve in &chart.curves {
        pen.curve(curve)?;
    }
    let all = i32::try_from(chart.series.len()).unwrap_or(1);
    let apart = if chart.x.names.is_empty() {
        APART_ON_NUMBERS
    } else {
        APART
    };
    for (index, series) in (0..).zip(&chart.series) {
        let shift = match series.shape {
            Shape::Points => 0,
            Shape::Boxes | Shape::Shares => index * apart - (all - 1) * apart / 2,
        };
        let mark = Mark::of(index);
        match series.shape {
            Shape::Points => pen.points(series, mark, says)?,
            Shape::Boxes => pen.boxes(series, mark, shift, chart.x.names.is_empty(), says)?,
            Shape::Shares => pen.shares(series, mark, shift, chart.x.names.is_empty())?,
        }
    }
    root.present()
}

/// An axis's title, with where its numbers come from.
fn titled(axis: &Axis, chart: &Chart) -> String {
    if axis.label.is_empty() {
        return String::new();
    }
    format!("{}, {}", axis.label, chart.source)
}

/// One axis: its range and numbers, as places in the picture.
struct Side<'a> {
    axis: &'a Axis,
    range: (f64, f64),
    ticks: Vec<f64>,
}

impl<'a> Side<'a> {
    fn horizontal(chart: &'a Chart) -> Self {
        let points = chart.series.iter().flat_map(|series| &series.points);
        let curves = chart.curves.iter().flat_map(|curve| &curve.points);
        let bands = chart.bands.iter().flat_map(|band| [band.from, band.to]);
        let all = points.map(|point| point.x);
        let all = all.chain(curves.map(|point| point.0)).chain(bands);
        let mut side = Self::of(&chart.x, all, true);
        if chart.x.names.is_empty() && chart.series.iter().any(|one| one.shape != Shape::Points) {
            // Boxes need room at both ends.
            let room = (side.range.1 - side.range.0) * 0.05;
            side.range = (side.range.0 - room, side.range.1 + room);
        }
        side
    }

    fn vertical(chart: &'a Chart) -> Self {
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

    fn places(&self) -> Places {
        Places {
            range: self.range,
            ticks: self.ticks.clone(),
        }
    }

    /// Where a value is, if it has a place.
    fn place(&self, value: f64) -> Option<f64> {
        match self.axis.scale {
            Scale::Linear => Some(value),
            Scale::Log => (value > 0.0).then(|| value.log10()),
        }
    }

    /// The value that has this place.
    fn value(&self, place: f64) -> f64 {
        match self.axis.scale {
            Scale::Linear => place,
            Scale::Log => 10_f64.powf(place),
        }
    }

    fn label(&self, place: f64) -> String {
        if !self.axis.names.is_empty() {
            let is_here = |index: &u32| (f64::from(*index) - place).abs() < 1e-6;
            let mut all = (0..).zip(&self.axis.names);
            let found = all.find(|(index, _)| is_here(index));
            return found.map_or_else(String::new, |(_, name)| name.clone());
        }
        ticks::label(self.value(place))
    }

    /// Whether its names are too long to stand side by side.
    fn turns(&self) -> bool {
        let longest = self
            .axis
            .names
            .iter()
            .map(|name| name.chars().count())
            .max();
        longest.is_some_and(|longest| longest * self.axis.names.len() > 95)
    }
}

/// The places of an axis, with those of its numbers.
struct Places {
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

/// How a series is told from the others: by its colour and by the shape of its marks.
#[derive(Clone, Copy)]
struct Mark {
    colour: RGBColor,
    corners: &'static [(i32, i32)],
}

impl Mark {
    fn of(index: i32) -> Self {
        const SHAPES: [&[(i32, i32)]; 4] = [
            &[(-5, -5), (5, -5), (5, 5), (-5, 5)],
            &[(0, -6), (6, 5), (-6, 5)],
            &[(0, -7), (7, 0), (0, 7), (-7, 0)],
            &[(0, 6), (6, -5), (-6, -5)],
        ];
        let index = usize::try_from(index).unwrap_or_default();
        Self {
            colour: COLOURS[index % COLOURS.len()],
            corners: SHAPES[index % SHAPES.len()],
        }
    }

    fn draw(self, root: &Area<'_>, (x, y): (i32, i32)) -> Painted {
        let corners = self
            .corners
            .iter()
            .map(|corner| (x + corner.0, y + corner.1));
        let corners: Vec<_> = corners.collect();
        root.draw(&Polygon::new(corners, self.colour.filled()))
    }
}

/// Draws what a chart has, by its own coordinates.
struct Pen<'a, 'b, F> {
    root: &'a Area<'b>,
    at: &'a F,
}

impl<F: Fn(f64, f64) -> Option<(i32, i32)>> Pen<'_, '_, F> {
    fn band(&self, band: &Band, ys: &Side<'_>) -> Painted {
        let (low, high) = ys.range;
        let corners = (
            (self.at)(band.from, ys.value(high)),
            (self.at)(band.to, ys.value(low)),
        );
        let (Some((left, top)), Some((right, bottom))) = corners else {
            return Ok(());
        };
        let grey = BLACK.mix(0.07).filled();
        self.root
            .draw(&Rectangle::new([(left, top), (right, bottom)], grey))?;
        let colour = BLACK.mix(0.7);
        let style = (FONT, 12, &colour).into_text_style(self.root);
        self.root
            .draw(&Text::new(band.name.clone(), (left + 4, top + 3), style))
    }

    /// The names of an axis, upright below it.
    fn turned(&self, xs: &Side<'_>, bottom: f64) -> Painted {
        let style = (FONT, 13).into_text_style(self.root);
        let style = style.transform(FontTransform::Rotate270);
        let style = style.pos(Pos::new(HPos::Right, VPos::Center));
        for tick in &xs.ticks {
            if let Some((x, y)) = (self.at)(*tick, bottom) {
                let name = Text::new(xs.label(*tick), (x, y + 10), style.clone());
                self.root.draw(&name)?;
            }
        }
        Ok(())
    }

    fn curve(&self, curve: &Curve) -> Painted {
        let points = curve.points.iter();
        let points: Vec<_> = points.filter_map(|(x, y)| (self.at)(*x, *y)).collect();
        let line = DashedPathElement::new(points, 6, 4, BLACK.mix(0.7).stroke_width(2));
        self.root.draw(&line)
    }

    fn points<'p>(&self, series: &'p Series, mark: Mark, says: &mut Vec<&'p str>) -> Painted {
        for point in &series.points {
            self.dot(point, 0, mark, says)?;
        }
        Ok(())
    }

    fn dot<'p>(
        &self,
        point: &'p Point,
        shift: i32,
        mark: Mark,
        says: &mut Vec<&'p str>,
    ) -> Painted {
        if let Some((x, y)) = (self.at)(point.x, point.y) {
            let style = mark.colour.mix(0.55).filled();
            self.root.draw(&Circle::new((x + shift, y), 3, style))?;
            says.push(&point.says);
        }
        Ok(())
    }

    fn boxes<'p>(
        &self,
        series: &'p Series,
        mark: Mark,
        shift: i32,
        joins: bool,
        says: &mut Vec<&'p str>,
    ) -> Painted {
        let mut middles = Vec::new();
        for (x, group) in series.groups() {
            let values: Vec<f64> = group.iter().map(|point| point.y).collect();
            let quartiles = (quantile(&values, 0.75), quantile(&values, 0.25));
            if let (Some(high), Some(low)) = quartiles
                && let (Some(high), Some(low)) = ((self.at)(x, high), (self.at)(x, low))
            {
                let corners = [
                    (high.0 + shift - HALF, high.1),
                    (low.0 + shift + HALF, low.1),
                ];
                let inside = mark.colour.mix(0.15).filled();
                self.root.draw(&Rectangle::new(corners, inside))?;
                self.root.draw(&Rectangle::new(corners, mark.colour))?;
            }
            for (place, point) in (0..).zip(&group) {
                self.dot(point, shift + (place * 7 % 5 - 2) * 2, mark, says)?;
            }
            let interval = median_interval(&values);
            middles.extend(interval.and_then(|one| self.interval(x, one, shift, mark).transpose()));
        }
        self.middles(middles, mark, joins)
    }

    fn shares(&self, series: &Series, mark: Mark, shift: i32, joins: bool) -> Painted {
        let mut middles = Vec::new();
        for (x, group) in series.groups() {
            let ones = group.iter().filter(|point| point.y > 0.5).count();
            let interval = share(ones, group.len());
            middles.extend(interval.and_then(|one| self.interval(x, one, shift, mark).transpose()));
        }
        self.middles(middles, mark, joins)
    }

    /// Draws the interval, and says where the value is.
    fn interval(
        &self,
        x: f64,
        estimate: Estimate,
        shift: i32,
        mark: Mark,
    ) -> Result<Option<(i32, i32)>, DrawingAreaErrorKind<std::io::Error>> {
        let ends = (
            (self.at)(x, estimate.high),
            (self.at)(x, estimate.low),
            (self.at)(x, estimate.value),
        );
        let (Some(high), Some(low), Some(middle)) = ends else {
            return Ok(None);
        };
        let x = middle.0 + shift;
        let style = mark.colour.stroke_width(2);
        let ends = vec![(x, high.1), (x, low.1)];
        self.root.draw(&PathElement::new(ends, style))?;
        for y in [high.1, low.1] {
            let cap = vec![(x - 4, y), (x + 4, y)];
            self.root.draw(&PathElement::new(cap, style))?;
        }
        Ok(Some((x, middle.1)))
    }

    fn middles(
        &self,
        middles: Vec<Result<(i32, i32), DrawingAreaErrorKind<std::io::Error>>>,
        mark: Mark,
        joins: bool,
    ) -> Painted {
        let middles = middles.into_iter().collect::<Result<Vec<_>, _>>()?;
        if joins {
            let line = PathElement::new(middles.clone(), mark.colour.mix(0.6).stroke_width(1));
            self.root.draw(&line)?;
        }
        for middle in middles {
            mark.draw(self.root, middle)?;
        }
        Ok(())
    }
}

/// Draws the title and what the marks mean. Returns how many lines the latter take.
fn legend(chart: &Chart, root: &Area<'_>) -> Result<i32, DrawingAreaErrorKind<std::io::Error>> {
    let title = (FONT, 17).into_text_style(root);
    root.draw(&Text::new(chart.title.clone(), (14, 10), title))?;
    let style = (FONT, 13).into_text_style(root);
    let (mut x, mut line) = (22, 0);
    let width = |name: &str| 30 + i32::try_from(name.chars().count()).unwrap_or(0) * LETTER;
    let mut place = |name: &str| {
        if x + width(name) > SIZE.0 as i32 {
            (x, line) = (22, line + 1);
        }
        let here = (x, 44 + line * LINE);
        x += width(name);
        (here, line + 1)
    };
    let mut lines = 0;
    for (index, series) in (0..).zip(&chart.series) {
        let ((x, y), count) = place(&series.name);
        lines = count;
        Mark::of(index).draw(root, (x, y))?;
        root.draw(&Text::new(
            series.name.clone(),
            (x + 12, y - 7),
            style.clone(),
        ))?;
    }
    for curve in &chart.curves {
        let ((x, y), count) = place(&curve.name);
        lines = count;
        let dashes = vec![(x - 8, y), (x + 8, y)];
        root.draw(&DashedPathElement::new(
            dashes,
            4,
            3,
            BLACK.mix(0.7).stroke_width(2),
        ))?;
        root.draw(&Text::new(
            curve.name.clone(),
            (x + 12, y - 7),
            style.clone(),
        ))?;
    }
    Ok(lines)
}

/// Gives each dot its words, and the picture its name for those who do not see it. What all dots of a colour have in common is said once: a
/// report has thousands.
fn with_titles(svg: &str, chart: &Chart, says: &[&str]) -> String {
    let (mut svg, mut style) = (svg.to_owned(), String::new());
    for RGBColor(red, green, blue) in COLOURS {
        let colour = format!("{red:02X}{green:02X}{blue:02X}");
        let long =
            format!("opacity=\"0.55\" fill=\"#{colour}\" stroke=\"none\" stroke-width=\"1\"");
        if svg.contains(&long) {
            svg = svg.replace(&long, &format!("class=\"d{colour}\""));
            style += &format!(".d{colour}{{fill:#{colour};opacity:.55}}");
        }
    }
    let named = format!("<svg role=\"img\" aria-label=\"{}\" ", escape(&chart.title));
    let svg = svg.replacen("<svg ", &named, 1);
    let svg = svg.replacen(">\n", &format!(">\n<style>{style}</style>\n"), 1);
    let mut parts = svg.split("<circle ");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for (part, says) in parts.zip(says) {
        let (dot, rest) = part.split_once("/>").unwrap_or((part, ""));
        text += &format!(
            "<circle {dot}><title>{}</title></circle>{rest}",
            escape(*says)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::draw;
    use crate::chart::{Axis, Band, Chart, Curve, Point, Scale, Series, Shape};
    use crate::row::Source;

    fn chart(shape: Shape, scale: Scale) -> Chart {
        let point = |x: u32, seed: u32| Point {
            x: f64::from(x),
            y: f64::from(seed % 2 * x),
            says: format!("seed {seed}"),
        };
        let points = [4, 7]
            .into_iter()
            .flat_map(|x| (0..5).map(move |seed| point(x, seed)));
        Chart {
            name: "test".to_owned(),
            title: "A & B".to_owned(),
            x: Axis::of("n", Scale::Linear),
            y: Axis::of("latency (ms)", scale),
            source: Source::Simulated,
            series: vec![Series {
                name: "all".to_owned(),
                shape,
                points: points.collect(),
            }],
            curves: vec![Curve {
                name: "2n".to_owned(),
                points: vec![(4.0, 8.0), (7.0, 14.0)],
            }],
            bands: vec![Band {
                name: "fault".to_owned(),
                from: 5.0,
                to: 6.0,
            }],
            text: String::new(),
        }
    }

    #[test]
    fn a_picture_has_a_dot_with_its_seed_for_each_point_and_says_that_it_is_simulated() {
        let svg = draw(&chart(Shape::Boxes, Scale::Linear)).unwrap();
        assert_eq!(svg.matches("<circle ").count(), 10, "{svg}");
        assert_eq!(svg.matches("<title>seed 3</title>").count(), 2);
        assert_eq!(svg.matches(", simulated").count(), 2, "both axes: {svg}");
        assert!(svg.contains("latency (ms)") && svg.contains("A &amp; B"));
        assert_eq!(svg.matches("<style>.d0072B2{").count(), 1);
        assert_eq!(svg.matches("class=\"d0072B2\"").count(), 10);
        assert_eq!(svg, draw(&chart(Shape::Boxes, Scale::Linear)).unwrap());
    }

    #[test]
    fn what_is_not_above_0_has_no_place_on_a_logarithmic_axis() {
        let svg = draw(&chart(Shape::Points, Scale::Log)).unwrap();
        assert_eq!(svg.matches("<circle ").count(), 4, "{svg}");
    }

    #[test]
    fn shares_lie_between_0_and_1_and_have_no_dots() {
        let svg = draw(&chart(Shape::Shares, Scale::Linear)).unwrap();
        assert_eq!(svg.matches("<circle ").count(), 0);
    }
}
