//! The SVG.

use std::time::Duration;

use svg::Document;
use svg::node::element::{Circle, Definitions, Group, Line, Marker, Path, Rectangle, Text, Title};

use crate::Diagram;
use crate::item::{BandKind, Key, Lane, Style};
use crate::layout::{self, Anchor, BOX_LINE, EDGE, LABEL, Label, Layout, NAME, TIMES};
use crate::text::{clean, fit, width, wrap};

const GREY: &str = "#777777";
const RED: &str = "#cc0000";
/// The font and line height of caption and legend.
const SMALL: f64 = 11.0;
const SMALL_LINE: f64 = 16.0;
const CAPTION: f64 = 13.0;
/// The room for an arrow in the legend.
const SAMPLE: f64 = 40.0;
/// From the last line of the legend to the first row: names and marks of lanes.
const HEADS: f64 = 56.0;
/// A picture longer than this has the names at its end, too.
const LONG: f64 = 900.0;

/// The picture of a diagram.
pub(crate) fn document(diagram: &Diagram) -> Document {
    let layout = Layout::of(diagram, |width| top(diagram, width) + HEADS);
    let names = top(diagram, layout.width) + 28.0;
    let (bottom, long) = (layout.end + 26.0, layout.end > LONG);
    let height = bottom + if long { 40.0 } else { 10.0 };
    let mut document = Document::new()
        .set("width", round(layout.width))
        .set("height", round(height))
        .set("viewBox", (0.0, 0.0, round(layout.width), round(height)))
        .set("style", "font-family: sans-serif")
        .add(Definitions::new().add(arrow_head()))
        .add(
            rectangle(0.0, 0.0, layout.width, height)
                .set("fill", "white")
                .set("stroke", "none"),
        );
    document = heading(diagram, layout.width)
        .into_iter()
        .fold(document, Document::add);
    for (lane, x) in diagram.lanes.iter().zip(&layout.columns) {
        document = document
            .add(lane_line(lane, *x, (names + 24.0, bottom)))
            .add(lane_head(lane, *x, names, layout.column));
        if long {
            document = document.add(lane_head(lane, *x, bottom + 18.0, layout.column));
        }
    }
    for (y, at) in &layout.times {
        let text = words(TIMES, y + 3.0, 10.0, time(*at));
        document = document.add(text.set("text-anchor", "end").set("fill", GREY));
    }
    for (y, band) in &layout.bands {
        document = document.add(self::band(*y, &band.text, band.kind, layout.width));
    }
    for line in &layout.lines {
        document = document.add(arrow(line));
    }
    for label in &layout.labels {
        document = document.add(arrow_label(label, layout.baseline(label)));
    }
    for note in &layout.notes {
        document = document.add(note_box(note, layout.baseline(note)));
    }
    document
}

/// Where caption and legend end.
fn top(diagram: &Diagram, width: f64) -> f64 {
    let lines = caption(diagram, width).len() + legend(diagram, width).len();
    8.0 + SMALL_LINE * lines as f64
}

fn caption(diagram: &Diagram, width: f64) -> Vec<String> {
    wrap(&diagram.caption, CAPTION, width - 2.0 * EDGE)
}

/// The lines of the legend, each with the arrow that stands before it.
fn legend(diagram: &Diagram, width: f64) -> Vec<(Option<Key>, String)> {
    let shown = |key: Key| match key {
        Key::Remark => true,
        Key::Lost => diagram.arrows.iter().any(|arrow| arrow.end.is_err()),
        Key::Style(style) => diagram.arrows.iter().any(|arrow| arrow.style == style),
    };
    let remark = (
        Key::Remark,
        "time runs downwards and is not to scale".to_owned(),
    );
    let all = diagram.legend.iter().filter(|(key, _)| shown(*key));
    all.chain([&remark])
        .flat_map(|(key, text)| {
            let lines = wrap(text, SMALL, width - 2.0 * EDGE - SAMPLE);
            let first = Some(*key).filter(|key| *key != Key::Remark);
            let keys = std::iter::once(first).chain(std::iter::repeat(None));
            keys.zip(lines)
        })
        .collect()
}

fn heading(diagram: &Diagram, width: f64) -> Vec<Group> {
    let mut y = 0.0;
    let mut below = || {
        y += SMALL_LINE;
        y
    };
    let mut all = Vec::new();
    for line in caption(diagram, width) {
        let text = words(EDGE, below(), CAPTION, line).set("fill", "#222222");
        all.push(Group::new().add(text));
    }
    for (key, line) in legend(diagram, width) {
        let y = below();
        let x = EDGE + key.map_or(0.0, |_| SAMPLE);
        let mut group = Group::new().add(words(x, y, SMALL, line).set("fill", GREY));
        if let Some(key) = key {
            group = sample(key, y - 4.0).into_iter().fold(group, Group::add);
        }
        all.push(group);
    }
    all
}

fn sample(key: Key, y: f64) -> Vec<Path> {
    let style = match key {
        Key::Style(style) => style,
        Key::Lost | Key::Remark => Style::Plain,
    };
    let (from, to) = ((EDGE, y), (EDGE + SAMPLE - 10.0, y));
    stroke(from, to, style, key == Key::Lost)
}

fn lane_line(lane: &Lane, x: f64, (top, bottom): (f64, f64)) -> Line {
    Line::new()
        .set("x1", round(x))
        .set("x2", round(x))
        .set("y1", round(top))
        .set("y2", round(bottom))
        .set("stroke", if lane.mark.is_some() { RED } else { "#999999" })
}

fn lane_head(lane: &Lane, x: f64, y: f64, room: f64) -> Group {
    let name = words(x, y, NAME, fit(&lane.name, NAME, room - 10.0))
        .set("text-anchor", "middle")
        .set("font-weight", "bold");
    let Some(mark) = &lane.mark else {
        return Group::new().add(name);
    };
    let mark = words(x, y + 14.0, SMALL, fit(mark, SMALL, room - 10.0));
    Group::new()
        .add(name.set("fill", RED))
        .add(mark.set("text-anchor", "middle").set("fill", RED))
}

fn band(y: f64, text: &str, kind: BandKind, width: f64) -> Group {
    let (fill, stroke, colour) = match kind {
        BandKind::Told => ("#eef2fa", "#8899bb", "#223355"),
        BandKind::Gap => ("#f7f7f7", "#bbbbbb", GREY),
    };
    let (left, wide) = (TIMES + 8.0, width - EDGE - TIMES - 8.0);
    let mut area = rectangle(left, y - BOX_LINE + 6.0, wide, BOX_LINE - 2.0)
        .set("fill", fill)
        .set("stroke", stroke);
    if kind == BandKind::Gap {
        area = area.set("stroke-dasharray", "2 3");
    }
    let text = words(
        left + wide / 2.0,
        y,
        LABEL,
        fit(text, LABEL, wide - 2.0 * EDGE),
    );
    Group::new()
        .add(area)
        .add(text.set("text-anchor", "middle").set("fill", colour))
}

fn arrow(line: &layout::Line<'_>) -> Group {
    let arrow = line.arrow;
    let lost = arrow.end.as_ref().err();
    let remark = lost.map_or_else(String::new, |reason| format!(" ({reason})"));
    let detail = match arrow.tooltip.as_str() {
        "" => String::new(),
        text => format!("\n{text}"),
    };
    let title = format!(
        "{} -> {}: {}{remark}{detail}",
        arrow.from, arrow.to, arrow.label
    );
    let group = Group::new()
        .set("class", "arrow")
        .add(Title::new(clean_lines(&title)));
    let group = if arrow.from == arrow.to && lost.is_none() {
        group.add(loop_back(line))
    } else {
        stroke(line.from, line.to, arrow.style, lost.is_some())
            .into_iter()
            .fold(group, Group::add)
    };
    group.add(
        Circle::new()
            .set("cx", round(line.from.0))
            .set("cy", round(line.from.1))
            .set("r", 1.5)
            .set("fill", "#444444"),
    )
}

fn clean_lines(text: &str) -> String {
    text.lines().map(clean).collect::<Vec<_>>().join("\n")
}

/// An arrow, or a broken line with a cross at its end.
fn stroke(from: (f64, f64), to: (f64, f64), style: Style, lost: bool) -> Vec<Path> {
    let line = Path::new()
        .set("d", path(&[from, to]))
        .set("stroke", colour(style, lost))
        .set("fill", "none");
    if lost {
        return vec![line.set("stroke-dasharray", "4 3"), cross(to)];
    }
    vec![line.set("marker-end", "url(#head)")]
}

/// A message to its sender.
fn loop_back(line: &layout::Line<'_>) -> Path {
    let ((x, y1), (_, y2)) = (line.from, line.to);
    let y2 = y2.max(y1 + 12.0);
    let side = round(x + 40.0);
    let data = format!(
        "M {} {} C {side} {} {side} {} {} {}",
        round(x),
        round(y1),
        round(y1),
        round(y2),
        round(x),
        round(y2)
    );
    Path::new()
        .set("d", data)
        .set("stroke", colour(line.arrow.style, false))
        .set("fill", "none")
        .set("marker-end", "url(#head)")
}

fn cross((x, y): (f64, f64)) -> Path {
    let strokes = [
        path(&[(x - 4.0, y - 4.0), (x + 4.0, y + 4.0)]),
        path(&[(x - 4.0, y + 4.0), (x + 4.0, y - 4.0)]),
    ];
    Path::new()
        .set("d", strokes.join(" "))
        .set("stroke", RED)
        .set("stroke-width", 1.5)
}

fn path(points: &[(f64, f64)]) -> String {
    let points = points
        .iter()
        .map(|(x, y)| format!("{} {}", round(*x), round(*y)));
    format!("M {}", points.collect::<Vec<_>>().join(" L "))
}

fn arrow_label(label: &Label, y: f64) -> Group {
    let wide = width(&label.text, LABEL);
    let (anchor, left) = match label.anchor {
        Anchor::Start => ("start", label.x),
        Anchor::Middle => ("middle", label.x - wide / 2.0),
        Anchor::End => ("end", label.x - wide),
    };
    // Keeps the text legible where lines run under it.
    let ground = rectangle(left, y - 10.0, wide, 12.0)
        .set("fill", "white")
        .set("fill-opacity", 0.75);
    let text = words(label.x, y, LABEL, &label.text)
        .set("text-anchor", anchor)
        .set("fill", colour(label.style, label.lost));
    Group::new().add(ground).add(text)
}

fn note_box(note: &Label, y: f64) -> Group {
    let wide = width(&note.text, LABEL) + 12.0;
    let area = rectangle(note.x - wide / 2.0, y - 13.0, wide, BOX_LINE - 4.0)
        .set("rx", 3)
        .set("fill", "#fff8d6")
        .set("stroke", "#c8b560");
    let text = words(note.x, y, LABEL, &note.text);
    Group::new()
        .add(area)
        .add(text.set("text-anchor", "middle").set("fill", "#443300"))
}

fn colour(style: Style, lost: bool) -> &'static str {
    match style {
        Style::Altered => RED,
        Style::Denied => "#c06000",
        Style::Plain if lost => GREY,
        Style::Plain => "#2255aa",
    }
}

fn arrow_head() -> Marker {
    Marker::new()
        .set("id", "head")
        .set("viewBox", (0, 0, 10, 10))
        .set("refX", 9)
        .set("refY", 5)
        .set("markerWidth", 7)
        .set("markerHeight", 7)
        .set("orient", "auto")
        .add(
            Path::new()
                .set("d", "M 0 0 L 10 5 L 0 10 z")
                .set("fill", "#444444"),
        )
}

fn rectangle(x: f64, y: f64, width: f64, height: f64) -> Rectangle {
    Rectangle::new()
        .set("x", round(x))
        .set("y", round(y))
        .set("width", round(width))
        .set("height", round(height))
}

fn words(x: f64, y: f64, size: f64, text: impl Into<String>) -> Text {
    Text::new(clean(&text.into()))
        .set("x", round(x))
        .set("y", round(y))
        .set("font-size", size)
}

fn time(at: Duration) -> String {
    let seconds = at.as_secs_f64();
    if seconds < 10.0 {
        format!("{:.1} ms", seconds * 1000.0)
    } else {
        format!("{seconds:.2} s")
    }
}

/// A tenth of a pixel is as good as any.
fn round(length: f64) -> f64 {
    (length * 10.0).round() / 10.0
}
