//! A chart as SVG.
//!
//! * `canvas`: what is drawn on. `axes`: ranges and numbers. `marks`: what stands in the plane. `legend`: the title, and what the marks mean.

mod axes;
mod canvas;
mod legend;
mod marks;

use plotters::prelude::*;
use quick_xml::escape::escape;

use crate::chart::{Axis, Chart, Shape};
use axes::Side;
use canvas::{FONT, Painted, SIZE};
use legend::{LINE, legend};
use marks::{COLOURS, Mark, Pen};

/// A chart cannot be drawn.
#[derive(Debug, thiserror::Error)]
#[error("the picture '{chart}' cannot be drawn: {reason}")]
pub struct DrawError {
    /// The chart's name.
    pub chart: String,
    /// Why.
    pub reason: String,
}

/// How far the series of one x stand apart: on an axis of names, and on one of numbers, where the place says something.
const APART: i32 = 18;
const APART_ON_NUMBERS: i32 = 8;

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
        .x_label_area_size(xs.room_below())
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
        mesh.x_desc(x_title.clone());
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
        pen.turned(&xs, ys.value(ys.range.0), x_title)?;
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
            Shape::Points | Shape::Line => 0,
            Shape::Boxes | Shape::Shares => index * apart - (all - 1) * apart / 2,
        };
        let mark = Mark::of(index);
        match series.shape {
            Shape::Points => pen.points(series, mark, says)?,
            Shape::Line => pen.line(series, mark)?,
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
    use super::{SIZE, draw};
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
    fn long_names_stand_within_the_picture_above_the_title_of_their_axis() {
        let mut chart = chart(Shape::Boxes, Scale::Linear);
        let longest = "a name that is as long as any".to_owned();
        chart.x = Axis::named(
            "behaviour",
            vec![
                "lie".to_owned(),
                "skip".to_owned(),
                longest,
                "deny".to_owned(),
            ],
        );
        let svg = draw(&chart).unwrap();
        let turned = svg
            .match_indices("text-anchor=\"end\"")
            .filter_map(|(at, _)| {
                let line = svg.get(at..)?.lines().next()?;
                line.split_once("rotate(270, ")?
                    .1
                    .trim_end_matches(")\">")
                    .split_once(", ")?
                    .1
                    .parse::<u32>()
                    .ok()
            });
        let tops: Vec<u32> = turned.collect();
        assert_eq!(tops.len(), 4, "{svg}");
        // A letter has 7 pixels, and the title of the axis stands below.
        assert!(
            tops.iter().all(|top| top + 29 * 7 + 20 < SIZE.1),
            "{tops:?}"
        );
        assert!(svg.contains("behaviour, simulated"), "{svg}");
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
