//! Reads without ordering, against ordered ones.

use quorate_report::{Axis, Curve, Picture, Row, Scale, Shape, Told, short};

use super::Experiment;
use super::case::{Case, Size, calm};
use super::messages::formula;
use crate::plan::{Call, Name};

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "reads",
    question: "What is saved by reads that are not ordered?",
    method: "Forty reads of a key, 50 ms apart, as `get` through a slot each, or as `read`, which asks all and takes the answer that a quorum gives. \
             STANDINGs as in `messages`.",
    cases,
    tell,
};

const ORDERED: &str = "ordered";
const DIRECT: &str = "without ordering";

fn cases(size: Size) -> Vec<Case> {
    let numbers: &[u32] = match size {
        Size::Quick => &[4, 7, 13, 31],
        Size::Full => &[4, 7, 10, 13, 19, 31],
    };
    let mut cases = Vec::new();
    for (series, word) in [(ORDERED, "get"), (DIRECT, "read")] {
        for n in numbers {
            let mut plan = calm(*n);
            plan.engine.status_interval_ms = 60_000;
            let call = |(number, process): (u64, u32)| Call {
                at_ms: 300 + 50 * number,
                process: Name::of(process),
                operation: format!("{word} x"),
                name: None,
                key: None,
                timestamp: None,
                also: Vec::new(),
                waits_ms: None,
            };
            plan.calls = (0..40).zip((0..*n).cycle()).map(call).collect();
            plan.heal_ms = 4000;
            cases.push(Case::new(series, f64::from(*n), plan, size));
        }
    }
    cases
}

fn tell(told: &mut Told<'_>) {
    let rows = told.rows();
    let names = [ORDERED, DIRECT];
    let at = |series: &str, x: f64, figure: &str| rows.median_at(series, x, figure);
    let xs = rows.xs(DIRECT);
    let last = xs.last().copied().unwrap_or(4.0);
    let (latency, messages) = ("latency_median_ms", "messages_per_request");
    let text = format!(
        "A read without ordering takes {} ms at n = 4, an ordered one {} ms: one step to all and one back, in place of five. At n = {last} \
         it is {} against {} ms, because the work of n² votes falls away as well.",
        short(at(DIRECT, 4.0, latency)),
        short(at(ORDERED, 4.0, latency)),
        short(at(DIRECT, last, latency)),
        short(at(ORDERED, last, latency)),
    );
    let series = rows.series(&names, latency, Shape::Boxes);
    told.draw(Picture {
        name: "latency",
        title: "Latency of a read, against n",
        x: Axis::of("processes n", Scale::Linear),
        y: Axis::of("median latency (ms)", Scale::Linear),
        series,
        text,
        ..Picture::default()
    });
    let series = rows.series(&names, messages, Shape::Boxes);
    let curve = |name: &str, of: fn(f64) -> f64| Curve {
        name: name.to_owned(),
        points: xs.iter().map(|n| (*n, of(*n))).collect(),
    };
    let curves = vec![
        curve("2n(n-1)", formula),
        curve("2(n-1)", |n| 2.0 * (n - 1.0)),
    ];
    told.draw(Picture {
        name: "messages",
        title: "Messages for a read, against n",
        x: Axis::of("processes n", Scale::Linear),
        y: Axis::of("messages per read", Scale::Log),
        series,
        curves,
        text: format!(
            "n-1 questions and n-1 answers, in place of 2n(n-1) messages of agreement with the request and the replies around them: {} \
             against {} at n = {last}. The price: a read that meets a write under way may not find 2f+1 equal answers, and is then ordered \
             after all.",
            short(at(DIRECT, last, messages)),
            short(at(ORDERED, last, messages)),
        ),
        ..Picture::default()
    });
    let is_right = |row: &Row| row.figure(messages) == Some(2.0 * (row.x - 1.0));
    told.find_in_each(
        "A read without ordering costs 2(n-1) messages.",
        |row| row.series == DIRECT,
        is_right,
    );
    let slower = xs
        .iter()
        .any(|n| at(DIRECT, *n, latency) >= at(ORDERED, *n, latency));
    told.find(
        "It is faster than an ordered one, for every n.",
        if slower {
            "not for every n"
        } else {
            "for every n"
        }
        .to_owned(),
        !slower,
    );
    told.all_are_answered("Every read is answered.");
}
