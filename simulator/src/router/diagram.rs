//! Who sent what when, as an SVG: a line for each node and client, time downwards, an arrow for each message.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use svg::Document;
use svg::node::element::{Circle, Definitions, Group, Line, Marker, Path, Rectangle, Text, Title};

use super::flight::Flight;
use super::verdict::Verdict;

const COLUMN: f64 = 170.0;
const LEFT: f64 = 110.0;
const TOP: f64 = 90.0;
/// So that the caption has room.
const LEAST_WIDTH: f64 = 560.0;
/// How far two moments at which something happens are apart, at least and at most: time is not to scale, so that neither a
/// burst is a blot nor a pause a page.
const STEP: (f64, f64) = (13.0, 40.0);
/// How many pixels a millisecond has between the two.
const SCALE: f64 = 4.0;
const FONT: &str = "font-family: sans-serif";

const LEGEND: &str = "init and polls that found nothing executed are left out; x: did not arrive; red: altered by the liar; time is not to scale";

/// Writes the diagram of a run.
///
/// # Errors
/// It cannot be written.
pub fn write(mut to: impl io::Write, verdict: &Verdict) -> io::Result<()> {
    svg::write(&mut to, &document(verdict))?;
    to.flush()
}

fn document(verdict: &Verdict) -> Document {
    let flights = &verdict.flights.all;
    let columns = columns(verdict.nodes.0, flights);
    let (rows, end) = rows(flights);
    let start = flights.first().map(|one| one.sent).unwrap_or_default();
    let width = (LEFT + COLUMN * (columns.len() as f64 - 0.3)).max(LEAST_WIDTH);
    let height = end + 60.0;
    let mut document = Document::new()
        .set("width", width)
        .set("height", height)
        .set("viewBox", (0.0, 0.0, width, height))
        .set("style", FONT)
        .add(Definitions::new().add(arrow_head()))
        .add(
            Rectangle::new()
                .set("width", width)
                .set("height", height)
                .set("fill", "white"),
        )
        .add(words(12.0, 20.0, 12, caption(verdict)).set("fill", "#444444"))
        .add(words(12.0, 38.0, 11, LEGEND).set("fill", "#777777"));
    for (name, x) in &columns {
        let line = Line::new()
            .set("x1", *x)
            .set("x2", *x)
            .set("y1", TOP - 12.0)
            .set("y2", end + 20.0)
            .set("stroke", "#999999");
        let head = words(*x, TOP - 20.0, 15, name.clone())
            .set("text-anchor", "middle")
            .set("font-weight", "bold");
        document = document.add(line).add(head);
    }
    for (at, y) in &rows {
        let time = words(
            LEFT - 35.0,
            y + 3.0,
            9,
            format!("{:.1} ms", millis(at.saturating_sub(start))),
        );
        document = document.add(time.set("text-anchor", "end").set("fill", "#777777"));
    }
    for flight in flights {
        document = document.add(arrow(flight, &columns, &rows));
    }
    document
}

fn caption(verdict: &Verdict) -> String {
    let mut caption = format!("{} messages", verdict.messages);
    let left_out = verdict.flights.left_out;
    if left_out > 0 {
        caption += &format!(
            "; cut: the first {} are shown and {left_out} later ones are not",
            verdict.flights.all.len()
        );
    }
    caption
}

/// Where the line of each node and client is: clients first, then the nodes in order.
fn columns(nodes: usize, flights: &[Flight]) -> BTreeMap<String, f64> {
    let nodes: Vec<String> = (1..=nodes).map(|number| format!("n{number}")).collect();
    let mut clients: Vec<&String> = flights
        .iter()
        .flat_map(|one| [&one.from, &one.to])
        .filter(|name| !nodes.contains(name))
        .collect();
    // c2 comes before c10.
    clients.sort_by_key(|name| (name.len(), (*name).clone()));
    clients.dedup();
    let all = clients.into_iter().chain(&nodes).cloned();
    let places = all.enumerate();
    places
        .map(|(place, name)| (name, LEFT + COLUMN * place as f64))
        .collect()
}

/// The height of each moment at which something happens, and where the last is.
fn rows(flights: &[Flight]) -> (BTreeMap<Duration, f64>, f64) {
    let moments = flights
        .iter()
        .flat_map(|one| std::iter::once(one.sent).chain(one.arrives.ok()));
    let mut rows: BTreeMap<Duration, f64> = moments.map(|at| (at, 0.0)).collect();
    let (mut y, mut last) = (TOP, None);
    for (at, row) in &mut rows {
        if let Some(last) = last {
            y += (SCALE * (millis(*at) - millis(last))).clamp(STEP.0, STEP.1);
        }
        last = Some(*at);
        *row = y;
    }
    (rows, y)
}

fn arrow(
    flight: &Flight,
    columns: &BTreeMap<String, f64>,
    rows: &BTreeMap<Duration, f64>,
) -> Group {
    let x = |name: &String| columns.get(name).copied().unwrap_or_default();
    let y = |at: &Duration| rows.get(at).copied().unwrap_or_default();
    let (x1, y1, x2) = (x(&flight.from), y(&flight.sent), x(&flight.to));
    let colour = if flight.altered { "#cc0000" } else { "#2255aa" };
    let loss = flight.arrives.as_ref().err();
    // A lost message ends on its way, and never at the line of another node.
    let (x2, y2) = match &flight.arrives {
        Ok(at) => (x2, y(at)),
        Err(_) => (x1 + 0.45 * (x2 - x1), y1 + STEP.0),
    };
    let mut line = Line::new()
        .set("x1", x1)
        .set("y1", y1)
        .set("x2", x2)
        .set("y2", y2)
        .set("stroke", if loss.is_some() { "#999999" } else { colour });
    let remark = match loss {
        Some(loss) => format!(" (to {}: {loss})", flight.to),
        None if flight.altered => " (altered)".to_owned(),
        None => String::new(),
    };
    // Every message begins at a moment of its own, so labels at the beginnings never hide each other.
    let near = if x2 < x1 { -8.0 } else { 8.0 };
    let label = words(x1 + near, y1 - 2.0, 10, flight.label.clone() + &remark);
    let label = label
        .set("text-anchor", if x2 < x1 { "end" } else { "start" })
        .set("fill", if loss.is_some() { "#777777" } else { colour });
    let title = format!("{} -> {}: {}{remark}", flight.from, flight.to, flight.label);
    let mut group = Group::new().add(Title::new(title));
    if loss.is_some() {
        line = line.set("stroke-dasharray", "4 3");
        group = group.add(line).add(cross(x2, y2));
    } else {
        group = group.add(line.set("marker-end", "url(#head)"));
    }
    group
        .add(
            Circle::new()
                .set("cx", x1)
                .set("cy", y1)
                .set("r", 1.5)
                .set("fill", "#444444"),
        )
        .add(label)
}

fn cross(x: f64, y: f64) -> Path {
    let data = format!(
        "M {} {} L {} {} M {} {} L {} {}",
        x - 4.0,
        y - 4.0,
        x + 4.0,
        y + 4.0,
        x - 4.0,
        y + 4.0,
        x + 4.0,
        y - 4.0
    );
    Path::new()
        .set("d", data)
        .set("stroke", "#cc0000")
        .set("stroke-width", 1.5)
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

fn words(x: f64, y: f64, size: u8, text: impl Into<String>) -> Text {
    Text::new(text)
        .set("x", x)
        .set("y", y)
        .set("font-size", size)
}

fn millis(at: Duration) -> f64 {
    at.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::write;
    use crate::router::flight::{Flight, Flights};
    use crate::router::network::Loss;
    use crate::router::{Outcome, Progress, Verdict};
    use std::time::Duration;

    fn draw(all: Vec<Flight>, left_out: u64) -> String {
        let mut flights = Flights::with_limit(all.len());
        all.into_iter().for_each(|one| flights.add(|| one));
        flights.left_out = left_out;
        let verdict = Verdict {
            outcome: Outcome::Good,
            findings: Vec::new(),
            notes: Vec::new(),
            progress: Progress {
                requests: 1,
                done: 1,
                missing: Vec::new(),
            },
            cut_short: false,
            nodes: (4, 0, 1),
            messages: 2,
            lost: [].into(),
            altered: 0,
            flights,
        };
        let mut svg = Vec::new();
        write(&mut svg, &verdict).expect("memory can be written");
        String::from_utf8(svg).expect("it is text")
    }

    fn flight(to: &str, label: &str, arrives: Result<u64, Loss>) -> Flight {
        Flight {
            from: "n1".to_owned(),
            to: to.to_owned(),
            label: label.to_owned(),
            sent: Duration::from_millis(5),
            arrives: arrives.map(Duration::from_millis),
            altered: to == "n2",
        }
    }

    #[test]
    fn lost_and_altered_messages_are_marked() {
        let svg = draw(
            vec![
                flight("n2", "prepare v0 #1", Ok(9)),
                flight("n3", "prepare v0 #1", Err(Loss::Chance)),
            ],
            0,
        );
        assert!(svg.contains("prepare v0 #1 (altered)"), "{svg}");
        assert!(svg.contains("prepare v0 #1 (to n3: lost)"), "{svg}");
        assert_eq!(svg.matches("stroke-dasharray").count(), 1, "{svg}");
    }

    #[test]
    fn what_nodes_say_is_no_markup() {
        let svg = draw(vec![flight("n3", "</text><script>", Ok(9))], 7);
        assert!(!svg.contains("<script>"), "{svg}");
        assert!(
            svg.contains("cut: the first 1 are shown and 7 later"),
            "{svg}"
        );
    }

    #[test]
    fn nothing_said_is_a_diagram_too() {
        assert!(draw(Vec::new(), 0).contains("n4"));
    }
}
