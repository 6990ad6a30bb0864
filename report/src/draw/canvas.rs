//! What all parts of a picture are drawn on.

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, DrawingAreaErrorKind, SVGBackend};

/// The picture, or a part of it.
pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Something was drawn, or the picture cannot be written.
pub(super) type Painted = Result<(), DrawingAreaErrorKind<std::io::Error>>;

/// The width and height of a picture, in pixels.
pub(super) const SIZE: (u32, u32) = (860, 470);
pub(super) const FONT: &str = "sans-serif";
