//! What stands in the plane: dots, boxes, shares, curves and bands.

use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axes::Side;
use super::canvas::{Area, FONT, Painted};
use crate::chart::{Band, Curve, Point, Series};
use crate::statistics::{Estimate, median_interval, quantile, share};

/// Colours that people tell apart whatever colours they see (Okabe and Ito 2008).
pub(super) const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 150, 200),
    RGBColor(150, 110, 0),
    RGBColor(60, 60, 60),
];
/// Half the width of a box.
const HALF: i32 = 6;

/// How a series is told from the others: by its colour and by the shape of its marks.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    colour: RGBColor,
    corners: &'static [(i32, i32)],
}

impl Mark {
    pub(super) fn of(index: i32) -> Self {
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

    pub(super) fn draw(self, root: &Area<'_>, (x, y): (i32, i32)) -> Painted {
        let corners = self
            .corners
            .iter()
            .map(|corner| (x + corner.0, y + corner.1));
        let corners: Vec<_> = corners.collect();
        root.draw(&Polygon::new(corners, self.colour.filled()))
    }
}

/// Draws what a chart has, by its own coordinates.
pub(super) struct Pen<'a, 'b, F> {
    pub(super) root: &'a Area<'b>,
    pub(super) at: &'a F,
}

impl<F: Fn(f64, f64) -> Option<(i32, i32)>> Pen<'_, '_, F> {
    pub(super) fn band(&self, band: &Band, ys: &Side<'_>) -> Painted {
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

    /// The names of an axis, upright below it, and what they are names of, at the picture's lower edge.
    pub(super) fn turned(&self, xs: &Side<'_>, bottom: f64, title: String) -> Painted {
        let style = (FONT, 13).into_text_style(self.root);
        let style = style.transform(FontTransform::Rotate270);
        let style = style.pos(Pos::new(HPos::Right, VPos::Center));
        for tick in &xs.ticks {
            if let Some((x, y)) = (self.at)(*tick, bottom) {
                let name = Text::new(xs.label(*tick), (x, y + 10), style.clone());
                self.root.draw(&name)?;
            }
        }
        let style = (FONT, 14).into_text_style(self.root);
        let style = style.pos(Pos::new(HPos::Center, VPos::Bottom));
        let (width, height) = self.root.dim_in_pixel();
        let edge = |pixels: u32| i32::try_from(pixels).unwrap_or(i32::MAX);
        let place = (edge(width / 2), edge(height) - 8);
        self.root.draw(&Text::new(title, place, style))
    }

    pub(super) fn curve(&self, curve: &Curve) -> Painted {
        let points = curve.points.iter();
        let points: Vec<_> = points.filter_map(|(x, y)| (self.at)(*x, *y)).collect();
        let line = DashedPathElement::new(points, 6, 4, BLACK.mix(0.7).stroke_width(2));
        self.root.draw(&line)
    }

    pub(super) fn points<'p>(
        &self,
        series: &'p Series,
        mark: Mark,
        says: &mut Vec<&'p str>,
    ) -> Painted {
        for point in &series.points {
            self.dot(point, 0, mark, says)?;
        }
        Ok(())
    }

    pub(super) fn line(&self, series: &Series, mark: Mark) -> Painted {
        let points = series.points.iter();
        let places = points.filter_map(|point| (self.at)(point.x, point.y));
        self.middles(places.map(Ok).collect(), mark, true)
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

    pub(super) fn boxes<'p>(
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

    pub(super) fn shares(&self, series: &Series, mark: Mark, shift: i32, joins: bool) -> Painted {
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
