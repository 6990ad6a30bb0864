//! Where everything stands. Nothing here knows of SVG; all lengths are in pixels.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::Diagram;
use crate::item::{Arrow, Band, Note, Style};
use crate::text::{fit, width};

/// The least width of a picture: that of a slide of 13.33 inches at 72 pixels an inch, so that it need not be enlarged.
const LEAST_WIDTH: f64 = 960.0;
/// How far lanes are apart, at least.
const LEAST_COLUMN: f64 = 150.0;
/// The first lane, and the room at the right of the last one.
const LEFT: f64 = 110.0;
const RIGHT: f64 = 110.0;
/// No text comes nearer to the edge.
pub(crate) const EDGE: f64 = 8.0;
/// Where the texts with times end.
pub(crate) const TIMES: f64 = 75.0;
/// Sizes of fonts.
pub(crate) const LABEL: f64 = 12.0;
pub(crate) const NAME: f64 = 16.0;
/// The height of a line of labels, and of one with notes or a band.
const LABEL_LINE: f64 = 14.0;
pub(crate) const BOX_LINE: f64 = 22.0;
/// How far two moments at which something happens are apart, at least and at most: time is not to scale, so that neither a
/// burst is a blot nor a pause a page.
const STEP: (f64, f64) = (5.0, 40.0);
/// How many pixels a millisecond has between the two.
const SCALE: f64 = 4.0;
/// How far down and how far to the side a lost message comes: to no other lane.
const LOST: (f64, f64) = (14.0, 0.4);

/// What happens at a moment, from top to bottom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// A band, by its number.
    Band(usize),
    /// Arrows begin or end.
    Arrows,
    /// Notes.
    Notes,
}

type Row = (Duration, Part);

/// How a text stands at its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// A label of arrows, or a note.
#[derive(Clone, Debug)]
pub(crate) struct Label {
    row: Row,
    /// How many labels of its row are under it.
    slot: usize,
    pub(crate) x: f64,
    pub(crate) anchor: Anchor,
    pub(crate) text: String,
    pub(crate) style: Style,
    /// Whether nothing of what it names arrives.
    pub(crate) lost: bool,
}

/// Arrows that one label names.
#[derive(Debug)]
struct Broadcast<'a> {
    sent: Duration,
    arrows: Vec<&'a Arrow>,
}

/// An arrow with its ends.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    pub(crate) arrow: &'a Arrow,
    pub(crate) from: (f64, f64),
    pub(crate) to: (f64, f64),
}

/// Where everything stands.
#[derive(Debug)]
pub(crate) struct Layout<'a> {
    pub(crate) width: f64,
    pub(crate) column: f64,
    /// The lanes, from left to right.
    pub(crate) columns: Vec<f64>,
    pub(crate) lines: Vec<Line<'a>>,
    pub(crate) labels: Vec<Label>,
    pub(crate) notes: Vec<Label>,
    pub(crate) bands: Vec<(f64, &'a Band)>,
    /// Times, and where they stand.
    pub(crate) times: Vec<(f64, Duration)>,
    /// Where the last thing is.
    pub(crate) end: f64,
    rows: BTreeMap<Row, f64>,
}

impl<'a> Layout<'a> {
    /// Lays a diagram out. `top` gives where the first row begins, from the width of the picture.
    pub(crate) fn of(diagram: &'a Diagram, top: impl FnOnce(f64) -> f64) -> Self {
        let gaps = diagram.lanes.len().saturating_sub(1) as f64;
        let column = ((LEAST_WIDTH - LEFT - RIGHT) / gaps.max(1.0)).max(LEAST_COLUMN);
        let columns = (0..diagram.lanes.len()).map(|place| LEFT + column * place as f64);
        let width = (LEFT + column * gaps + RIGHT).max(LEAST_WIDTH);
        let mut layout = Layout {
            width,
            column,
            columns: columns.collect(),
            lines: Vec::new(),
            labels: Vec::new(),
            notes: Vec::new(),
            bands: Vec::new(),
            times: Vec::new(),
            end: top(width),
            rows: BTreeMap::new(),
        };
        let names = diagram.lanes.iter().map(|lane| lane.name.as_str());
        let places: BTreeMap<&str, f64> = names.zip(layout.columns.iter().copied()).collect();
        let place = |name: &str| places.get(name).copied().unwrap_or(LEFT);
        let broadcasts = broadcasts(&diagram.arrows, diagram.broadcast);
        layout.labels = broadcasts
            .iter()
            .map(|broadcast| layout.label(broadcast, &place))
            .collect();
        layout.notes = diagram
            .notes
            .iter()
            .map(|note| layout.note(note, place(&note.lane)))
            .collect();
        stack(&mut layout.labels, 0.0);
        stack(&mut layout.notes, 8.0);
        layout.find_rows(&broadcasts, &diagram.bands);
        layout.place_rows(&broadcasts);
        layout.place_lines(&broadcasts, &place);
        let bands = diagram.bands.iter().enumerate();
        layout.bands = bands
            .map(|(number, band)| (layout.y((band.at, Part::Band(number))), band))
            .collect();
        layout.find_times();
        layout
    }

    /// The line on which a label stands.
    pub(crate) fn baseline(&self, label: &Label) -> f64 {
        let line = match label.row.1 {
            Part::Notes => BOX_LINE,
            _ => LABEL_LINE,
        };
        self.y(label.row) - 3.0 - line * label.slot as f64
    }

    fn y(&self, row: Row) -> f64 {
        self.rows.get(&row).copied().unwrap_or(self.end)
    }

    fn label(&self, broadcast: &Broadcast<'_>, place: &impl Fn(&str) -> f64) -> Label {
        let Broadcast { sent, arrows } = broadcast;
        let first = arrows[0];
        let from = place(&first.from);
        let words = words(arrows);
        let right_room = self.width - EDGE - from - 8.0;
        let left_room = from - 8.0 - TIMES - 5.0;
        // The label stands on the side to which the arrows go, unless it fits on the other side alone.
        let goes_right = arrows.iter().any(|arrow| place(&arrow.to) >= from);
        let (room, other) = if goes_right {
            (right_room, left_room)
        } else {
            (left_room, right_room)
        };
        let fits = width(&words, LABEL) <= room;
        let right = goes_right == (fits || room >= other);
        let (x, anchor, room) = if right {
            (from + 8.0, Anchor::Start, right_room)
        } else {
            (from - 8.0, Anchor::End, left_room)
        };
        Label {
            row: (*sent, Part::Arrows),
            slot: 0,
            x,
            anchor,
            text: fit(&words, LABEL, room),
            style: first.style,
            lost: arrows.iter().all(|arrow| arrow.end.is_err()),
        }
    }

    fn note(&self, note: &Note, lane: f64) -> Label {
        let (least, most) = (TIMES + 15.0, self.width - EDGE - 10.0);
        let text = fit(&note.text, LABEL, most - least);
        let half = width(&text, LABEL) / 2.0;
        Label {
            row: (note.at, Part::Notes),
            slot: 0,
            x: lane.min(most - half).max(least + half),
            anchor: Anchor::Middle,
            text,
            style: Style::Plain,
            lost: false,
        }
    }

    fn find_rows(&mut self, broadcasts: &[Broadcast<'_>], bands: &[Band]) {
        let bands = bands.iter().enumerate();
        let bands = bands.map(|(number, band)| (band.at, Part::Band(number)));
        let notes = self.notes.iter().map(|note| note.row);
        let arrows = broadcasts.iter().flat_map(|one| {
            let ends = one
                .arrows
                .iter()
                .filter_map(|arrow| arrow.end.as_ref().ok());
            let moments = ends.copied().chain([one.sent]);
            moments.map(|at| (at, Part::Arrows))
        });
        let rows = bands.chain(notes).chain(arrows);
        self.rows = rows.map(|row| (row, 0.0)).collect();
    }

    fn place_rows(&mut self, broadcasts: &[Broadcast<'_>]) {
        let mut slots: BTreeMap<Row, usize> = BTreeMap::new();
        for label in self.labels.iter().chain(&self.notes) {
            let most = slots.entry(label.row).or_default();
            *most = (*most).max(label.slot + 1);
        }
        let lost: BTreeSet<Row> = broadcasts
            .iter()
            .filter(|one| one.arrows.iter().any(|arrow| arrow.end.is_err()))
            .map(|one| (one.sent, Part::Arrows))
            .collect();
        let (mut y, mut last, mut below) = (self.end, None, 0.0);
        for (row, place) in &mut self.rows {
            let slots = slots.get(row).copied().unwrap_or_default() as f64;
            let above = match row.1 {
                Part::Band(_) => BOX_LINE,
                Part::Arrows if slots > 0.0 => 4.0 + LABEL_LINE * slots,
                Part::Arrows => STEP.0,
                Part::Notes => BOX_LINE * slots,
            };
            let passed = last.map_or(0.0, |last| {
                let passed = row.0.saturating_sub(last).as_secs_f64() * 1000.0;
                (SCALE * passed).min(STEP.1)
            });
            y += passed.max(above + below);
            *place = y;
            last = Some(row.0);
            below = match row.1 {
                // A cross ends there, which no label may hide.
                Part::Arrows if lost.contains(row) => LOST.0 + 4.0,
                Part::Arrows => 0.0,
                Part::Band(_) | Part::Notes => 6.0,
            };
        }
        self.end = y + below;
    }

    fn place_lines(&mut self, broadcasts: &[Broadcast<'a>], place: &impl Fn(&str) -> f64) {
        for broadcast in broadcasts {
            let y1 = self.y((broadcast.sent, Part::Arrows));
            for arrow in &broadcast.arrows {
                let (x1, x2) = (place(&arrow.from), place(&arrow.to));
                let to = match arrow.end {
                    Ok(at) => (x2, self.y((at, Part::Arrows))),
                    Err(_) => (
                        x1 + LOST.1 * self.column * if x2 < x1 { -1.0 } else { 1.0 },
                        y1 + LOST.0,
                    ),
                };
                let from = (x1, y1);
                self.lines.push(Line { arrow, from, to });
            }
        }
    }

    /// The times of all rows that have a text. Times of rows that are close together would hide each other.
    fn find_times(&mut self) {
        let mut last = None;
        let texts = self.labels.iter().chain(&self.notes).map(|one| one.row);
        let bands = self.rows.keys().filter(|row| row.1 < Part::Arrows).copied();
        let mut rows: Vec<Row> = texts.chain(bands).collect();
        rows.sort_unstable();
        for row in rows {
            if last != Some(row.0) {
                self.times.push((self.y(row), row.0));
            }
            last = Some(row.0);
        }
    }
}

/// The arrows by the labels that they share, in order of time.
fn broadcasts(arrows: &[Arrow], within: Duration) -> Vec<Broadcast<'_>> {
    let mut sorted: Vec<&Arrow> = arrows.iter().collect();
    sorted.sort_by_key(|arrow| arrow.sent);
    let mut all: Vec<Broadcast<'_>> = Vec::new();
    let mut last: BTreeMap<(&str, &str, Style), usize> = BTreeMap::new();
    for arrow in sorted {
        let key = (arrow.from.as_str(), arrow.label.as_str(), arrow.style);
        let open = last.get(&key).and_then(|place| all.get_mut(*place));
        match open.filter(|one| arrow.sent <= one.sent + within) {
            Some(broadcast) => broadcast.arrows.push(arrow),
            None => {
                last.insert(key, all.len());
                all.push(Broadcast {
                    sent: arrow.sent,
                    arrows: vec![arrow],
                });
            }
        }
    }
    all
}

/// The label of a broadcast: `prepare (to n3: lost)`.
fn words(arrows: &[&Arrow]) -> String {
    let mut lost: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for arrow in arrows {
        if let Err(reason) = &arrow.end {
            lost.entry(reason).or_default().insert(&arrow.to);
        }
    }
    let mut words = arrows[0].label.clone();
    for (reason, names) in lost {
        let names: Vec<&str> = names.into_iter().collect();
        words += &format!(" (to {}: {reason})", names.join(", "));
    }
    words
}

/// Puts labels of a row that would hide each other above each other; `margin` is the room on both sides of each.
fn stack(labels: &mut [Label], margin: f64) {
    let mut taken: BTreeMap<(Row, usize), Vec<(f64, f64)>> = BTreeMap::new();
    for label in labels {
        let wide = width(&label.text, LABEL);
        let left = match label.anchor {
            Anchor::Start => label.x,
            Anchor::Middle => label.x - wide / 2.0,
            Anchor::End => label.x - wide,
        };
        let (left, right) = (left - margin, left + wide + margin);
        loop {
            let others = taken.entry((label.row, label.slot)).or_default();
            if others.iter().all(|other| right < other.0 || left > other.1) {
                others.push((left, right));
                break;
            }
            label.slot += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Anchor, BOX_LINE, LABEL, LABEL_LINE, Label, Layout};
    use crate::text::width;
    use crate::{Arrow, Diagram, Lane};
    use std::time::Duration;

    /// Left, top, right and bottom of a label.
    fn area(layout: &Layout<'_>, label: &Label, height: f64) -> [f64; 4] {
        let wide = width(&label.text, LABEL);
        let left = match label.anchor {
            Anchor::Start => label.x,
            Anchor::Middle => label.x - wide / 2.0,
            Anchor::End => label.x - wide,
        };
        let y = layout.baseline(label);
        [left, y - height, left + wide, y]
    }

    #[test]
    fn no_text_hides_another_or_runs_over_the_edge() {
        let names = ["n1", "n2", "n3", "n4", "n5"];
        let mut diagram = Diagram::new("", names.map(Lane::new));
        for number in 0..400_u64 {
            let pick =
                |salt: u64| names[usize::try_from((number * 7 + salt) % 5).expect("below 5")];
            let at = Duration::from_micros(number / 3 * 150);
            let label = format!("message {number} ").repeat(1 + (number % 13) as usize);
            let arrow = Arrow::new(pick(0), pick(number % 4), &label, at);
            diagram.arrow(arrow.arrives(at + Duration::from_micros(number % 11 * 90)));
            if number % 5 == 0 {
                diagram.note(pick(2), at, &label);
            }
            if number % 17 == 0 {
                diagram.band(at, &label);
            }
        }
        let layout = Layout::of(&diagram, |_| 100.0);
        let labels = layout.labels.iter();
        let mut areas: Vec<_> = labels
            .map(|label| area(&layout, label, LABEL_LINE - 2.0))
            .collect();
        let notes = layout.notes.iter();
        areas.extend(notes.map(|note| area(&layout, note, BOX_LINE - 6.0)));
        let bands = layout.bands.iter();
        areas.extend(bands.map(|(y, _)| [0.0, y - BOX_LINE + 6.0, layout.width, *y]));
        for (place, one) in areas.iter().enumerate() {
            assert!(
                one[0] >= 0.0 && one[2] <= layout.width + 0.01,
                "{one:?} runs over the edge"
            );
            for other in &areas[..place] {
                let apart = one[2] <= other[0]
                    || other[2] <= one[0]
                    || one[3] <= other[1]
                    || other[3] <= one[1];
                assert!(apart, "{one:?} hides {other:?}");
            }
        }
    }
}
