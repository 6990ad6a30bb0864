//! Who sent what when, as an SVG: a line for each node and client, time downwards, an arrow for each message.

use std::io;
use std::time::Duration;

use quorate_diagram::{Arrow, Diagram, Key, Lane, Style};

use super::flight::Flight;
use super::verdict::Verdict;

/// A node sends a broadcast as one message after another.
const BROADCAST: Duration = Duration::from_millis(2);

/// Writes the diagram of a run.
///
/// # Errors
/// It cannot be written.
pub fn write(to: impl io::Write, verdict: &Verdict) -> io::Result<()> {
    draw(verdict).write(to)
}

fn draw(verdict: &Verdict) -> Diagram {
    let flights = &verdict.flights.all;
    let mut diagram = Diagram::new(caption(verdict), lanes(verdict.nodes.0, flights));
    diagram.broadcast_within(BROADCAST);
    diagram.explain(Key::Lost, "did not arrive");
    diagram.explain(Key::Style(Style::Altered), "altered by the liar");
    diagram.explain(
        Key::Remark,
        "init and polls that found nothing executed are left out",
    );
    let start = flights.first().map(|one| one.sent).unwrap_or_default();
    for flight in flights {
        diagram.arrow(arrow(flight, start));
    }
    diagram
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

/// Clients first, then the nodes in order.
fn lanes(nodes: usize, flights: &[Flight]) -> Vec<Lane> {
    let nodes: Vec<String> = (1..=nodes).map(|number| format!("n{number}")).collect();
    let mut clients: Vec<&String> = flights
        .iter()
        .flat_map(|one| [&one.from, &one.to])
        .filter(|name| !nodes.contains(name))
        .collect();
    // c2 comes before c10.
    clients.sort_by_key(|name| (name.len(), (*name).clone()));
    clients.dedup();
    let all = clients.into_iter().chain(&nodes);
    all.map(Lane::new).collect()
}

fn arrow(flight: &Flight, start: Duration) -> Arrow {
    let Flight { from, to, .. } = flight;
    let since = |at: Duration| at.saturating_sub(start);
    let arrow = Arrow::new(from, to, &flight.label, since(flight.sent));
    let arrow = match flight.arrives {
        Ok(at) => arrow.arrives(since(at)),
        Err(loss) => arrow.lost(loss.to_string()),
    };
    arrow.style(if flight.altered {
        Style::Altered
    } else {
        Style::Plain
    })
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
            seed: 0,
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
        assert!(svg.contains("altered by the liar"), "{svg}");
        assert!(svg.contains("prepare v0 #1 (to n3: lost)"), "{svg}");
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
