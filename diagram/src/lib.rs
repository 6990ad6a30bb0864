//! Sequence diagrams as SVG: a vertical line for each participant, time downwards, an arrow for each message.
//!
//! ```
//! use std::time::Duration;
//! use quorate_diagram::{Arrow, Diagram, Lane};
//!
//! let ms = Duration::from_millis;
//! let mut diagram = Diagram::new("One round", [Lane::new("P"), Lane::new("Q").marked("faulty")]);
//! diagram.arrow(Arrow::new("P", "Q", "PREPARE", ms(0)).arrives(ms(4)));
//! diagram.arrow(Arrow::new("Q", "P", "PREPARE", ms(4)).lost("lost"));
//! diagram.note("P", ms(9), "decides 'attack'");
//! diagram.band(ms(12), "view change to 1");
//! assert!(diagram.svg().starts_with("<svg"));
//! ```
//!
//! * [`item`]: what is drawn. `cut`: what is left out. `layout`: where everything stands. `draw`: the SVG itself.
//!   `text`: how wide a text is.

mod cut;
mod draw;
pub mod item;
mod layout;
mod text;

use std::io;
use std::time::Duration;

pub use item::{Arrow, Key, Lane, Style};
use item::{Band, BandKind, Note};

/// A sequence diagram. Items may be added in any order; they are drawn by their time.
///
/// All times count from a start that the caller chooses, and are shown as they are.
#[derive(Clone, Debug, Default)]
pub struct Diagram {
    caption: String,
    legend: Vec<(Key, String)>,
    lanes: Vec<Lane>,
    arrows: Vec<Arrow>,
    notes: Vec<Note>,
    bands: Vec<Band>,
    broadcast: Duration,
}

impl Diagram {
    /// An empty diagram with its lanes from left to right. A lane that only an item names is added at the right.
    #[must_use]
    pub fn new(caption: impl Into<String>, lanes: impl IntoIterator<Item = Lane>) -> Self {
        let lanes = lanes.into_iter().collect();
        Self {
            caption: caption.into(),
            lanes,
            ..Self::default()
        }
    }

    /// Changes the text above the picture.
    pub fn caption(&mut self, caption: impl Into<String>) {
        self.caption = caption.into();
    }

    /// Explains a kind of arrow. The line is drawn only when the picture has such an arrow.
    pub fn explain(&mut self, key: Key, meaning: impl Into<String>) {
        self.legend.push((key, meaning.into()));
    }

    /// Draws arrows with the same sender, label and style as one broadcast when they are sent within this time of the
    /// first one: they begin at one point and have one label. Without this, only arrows sent at the same time are one.
    pub fn broadcast_within(&mut self, time: Duration) {
        self.broadcast = time;
    }

    /// Adds an arrow.
    pub fn arrow(&mut self, arrow: Arrow) {
        self.add_lane(&arrow.from);
        self.add_lane(&arrow.to);
        self.arrows.push(arrow);
    }

    /// Adds a note on a lane, such as "executes slot 3".
    pub fn note(&mut self, lane: &str, at: Duration, text: impl Into<String>) {
        self.add_lane(lane);
        self.notes.push(Note {
            lane: lane.to_owned(),
            at,
            text: text.into(),
        });
    }

    /// Adds a band over all lanes, such as "view change to 1".
    pub fn band(&mut self, at: Duration, text: impl Into<String>) {
        self.bands.push(Band {
            at,
            text: text.into(),
            kind: BandKind::Told,
        });
    }

    /// How many arrows there are.
    #[must_use]
    pub const fn arrows(&self) -> usize {
        self.arrows.len()
    }

    /// Keeps at most so many arrows, the first ones, and all that are important. The picture says where arrows are left
    /// out, and how many. Notes and bands stay. Gives the number of arrows left out.
    pub fn keep(&mut self, most: usize) -> usize {
        let (kept, gaps) = cut::cut(std::mem::take(&mut self.arrows), most);
        self.arrows = kept;
        let left_out = gaps.iter().map(|gap| gap.arrows).sum();
        for gap in gaps {
            self.gap(gap.at, gap.arrows);
        }
        left_out
    }

    /// Says that so many arrows are left out from this time on.
    pub fn gap(&mut self, at: Duration, arrows: usize) {
        let text = match arrows {
            1 => "1 message is left out here".to_owned(),
            more => format!("{more} messages are left out here"),
        };
        self.bands.push(Band {
            at,
            text,
            kind: BandKind::Gap,
        });
    }

    /// The picture as a text.
    #[must_use]
    pub fn svg(&self) -> String {
        draw::document(self).to_string()
    }

    /// Writes the picture.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, mut to: impl io::Write) -> io::Result<()> {
        svg::write(&mut to, &draw::document(self))?;
        to.flush()
    }

    fn add_lane(&mut self, name: &str) {
        if self.lanes.iter().all(|lane| lane.name != name) {
            self.lanes.push(Lane::new(name));
        }
    }
}
