//! The title, and what the marks mean.

use plotters::element::DashedPathElement;
use plotters::prelude::*;

use super::canvas::{Area, FONT, SIZE};
use super::marks::Mark;
use crate::chart::Chart;

/// How wide a letter is, about.
const LETTER: i32 = 7;
/// The height of a line.
pub(super) const LINE: i32 = 18;

/// Draws the title and what the marks mean. Returns how many lines the latter take.
pub(super) fn legend(
    chart: &Chart,
    root: &Area<'_>,
) -> Result<i32, DrawingAreaErrorKind<std::io::Error>> {
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
