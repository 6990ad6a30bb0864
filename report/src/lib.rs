//! Measurements as a folder: data in, a report out.
//!
//! * [`Row`]: what one run came to. [`Request`]: what one request of it did. [`Tail`]: how long the slowest took.
//! * [`statistics`]: medians, shares, and how sure they are.
//! * [`Chart`]: a picture as data. `draw`: the same as SVG, with `ticks` on its axes.
//! * [`Section`]: what an experiment found: its charts, and its [`Finding`]s, what theory says and what came out.
//! * [`Told`]: makes the charts and findings of a section from its [`Rows`].
//! * [`Report`]: all sections. [`Folder`] writes it as a folder. `page` makes `index.html`, and [`Machine`] is `machine.json`.

mod chart;
mod contents;
mod draw;
mod folder;
mod machine;
mod page;
mod row;
mod section;
pub mod statistics;
mod ticks;
mod told;

pub use chart::{Axis, Band, Chart, Curve, Point, Scale, Series, Shape};
pub use contents::{Again, Report};
pub use draw::DrawError;
pub use folder::{BadFolder, Folder};
pub use machine::Machine;
pub use row::{Request, Row, Source, Tail};
pub use section::{Finding, Section};
pub use told::{Picture, Rows, Told, short};
