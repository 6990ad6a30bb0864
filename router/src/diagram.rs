//! The messages of a run as an SVG: a lane for each node and client, time downwards, an arrow for each message.

use std::io;
use std::time::Duration;

use quorate_diagram::{Arrow, Diagram, Key, Lane, Style};

use super::flight::{Flight, Flights};
use super::verdict::{NodeRole, Verdict};

/// A node sends a broadcast as one message after another.
const BROADCAST: Duration = Duration::from_millis(2);

/// Writes the diagram of a run.
///
/// # Errors
/// The diagram cannot be written.
pub fn write(to: impl io::Write, verdict: &Verdict) -> io::Result<()> {
    draw(verdict).write(to)
}

fn draw(verdict: &Verdict) -> Diagram {
    let Flights { all, gaps, .. } = &verdict.flights;
    let mut diagram = Diagram::new(caption(verdict), lanes(&verdict.nodes, all));
    diagram.broadcast_within(BROADCAST);
    diagram.explain(Key::Lost, "did not arrive");
    diagram.explain(Key::Style(Style::Altered), "altered by the liar");
    diagram.explain(
        Key::Remark,
        "set-up, background status and polls that found nothing executed are left out; times count from the first request",
    );
    for flight in all {
        diagram.arrow(arrow(flight));
    }
    for (at, messages) in gaps {
        diagram.gap(*at, *messages);
    }
    diagram
}

fn caption(verdict: &Verdict) -> String {
    let (shown, left_out) = (verdict.flights.all.len(), verdict.flights.left_out());
    let mut caption = format!(
        "seed {}: {} of {} messages",
        verdict.seed, shown, verdict.messages
    );
    if left_out > 0 {
        caption += &format!("; {left_out} are left out where it says so");
    }
    caption
}

/// Clients first, then the nodes in order.
fn lanes(nodes: &[NodeRole], flights: &[Flight]) -> Vec<Lane> {
    let is_node = |name: &String| nodes.iter().any(|node| node.name == *name);
    let mut clients: Vec<&String> = flights
        .iter()
        .flat_map(|one| [&one.from, &one.to])
        .filter(|name| !is_node(name))
        .collect();
    // c2 comes before c10.
    clients.sort_by_key(|name| (name.len(), (*name).clone()));
    clients.dedup();
    let nodes = nodes.iter().map(|node| match &node.made {
        Some(made) => Lane::new(&node.name).marked(made),
        None => Lane::new(&node.name),
    });
    clients.into_iter().map(Lane::new).chain(nodes).collect()
}

fn arrow(flight: &Flight) -> Arrow {
    let Flight { from, to, .. } = flight;
    let arrow = Arrow::new(from, to, &flight.label, flight.sent);
    let arrow = match flight.arrives {
        Ok(at) => arrow.arrives(at),
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
    use crate::flight::{Flight, Flights};
    use crate::network::Loss;
    use crate::verdict::{Fact, NodeRole};
    use crate::{Outcome, Progress, Verdict};
    use quorate_fault::Bound;
    use std::time::Duration;

    fn draw(all: Vec<Flight>, gaps: Vec<(Duration, usize)>) -> String {
        let nodes = (1..=4).map(|number| NodeRole {
            name: format!("n{number}"),
            made: (number == 2).then(|| "liar: alter".to_owned()),
        });
        let mut flights = Flights::default();
        (flights.all, flights.gaps) = (all, gaps);
        let verdict = Verdict {
            outcome: Outcome::Good,
            agreement: Fact::Holds,
            validity: Fact::NotJudged,
            bound: Bound::new(4, 1),
            nodes: nodes.collect(),
            findings: Vec::new(),
            notes: Vec::new(),
            progress: Progress {
                requests: 1,
                done: 1,
                missing: Vec::new(),
            },
            cut_short: false,
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
    fn lost_and_altered_messages_and_faulty_nodes_are_marked() {
        let svg = draw(
            vec![
                flight("n2", "prepare v0 #1", Ok(9)),
                flight("n3", "prepare v0 #1", Err(Loss::Chance)),
            ],
            Vec::new(),
        );
        for words in [
            "altered by the liar",
            "prepare v0 #1 (to n3: lost)",
            "liar: alter",
        ] {
            assert!(svg.contains(words), "{words} is missing in {svg}");
        }
    }

    #[test]
    fn what_nodes_say_is_no_markup_and_what_is_left_out_is_told() {
        let gap = (Duration::from_millis(6), 7);
        let svg = draw(vec![flight("n3", "</text><script>", Ok(9))], vec![gap]);
        assert!(!svg.contains("<script>"), "{svg}");
        assert!(svg.contains("7 messages are left out here"), "{svg}");
        assert!(svg.contains("1 of 2 messages; 7 are left out"), "{svg}");
    }

    #[test]
    fn nothing_said_is_a_diagram_too() {
        assert!(draw(Vec::new(), Vec::new()).contains("n4"));
    }
}
