//! How many messages and bytes agreement costs, against n.

use quorate_report::{Axis, Curve, Picture, Scale, Shape, Told, short};

use super::Experiment;
use super::case::{Case, Size, ask, calm};

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "messages",
    question: "How many messages and bytes does agreement cost, against n?",
    method: "Twenty requests, 50 ms apart, so that each has a slot of its own. Nobody is faulty. A message to all counts once for each \
             recipient. Processes tell each other how far they are (STANDING) only once a minute: one that comes in the middle of a slot \
             makes others repeat their votes, which is no part of the count.",
    cases,
    tell,
};

const SERIES: &str = "agreement";

fn cases(size: Size) -> Vec<Case> {
    let numbers: &[u32] = match size {
        Size::Quick => &[4, 7, 10, 13, 19, 31],
        Size::Full => &[4, 7, 10, 13, 16, 19, 22, 25, 28, 31],
    };
    let case = |n: &u32| {
        let mut plan = calm(*n);
        ask(&mut plan, &(0..*n).collect::<Vec<_>>(), 200, 50, 20);
        plan.engine.status_interval_ms = 60_000;
        Case::new(SERIES, f64::from(*n), plan, size)
    };
    numbers.iter().map(case).collect()
}

/// What the paper's protocol sends for one slot: n-1 PRE-PREPAREs, n-1 PREPAREs of each backup, n-1 COMMITs of each replica.
pub(super) fn formula(n: f64) -> f64 {
    2.0 * n * (n - 1.0)
}

fn tell(told: &mut Told<'_>) {
    let rows = told.rows();
    let xs = rows.xs(SERIES);
    let mut series = rows.series(&[SERIES], "agreement_messages_per_request", Shape::Boxes);
    let mut all = rows.series(&[SERIES], "messages_per_request", Shape::Boxes);
    for one in &mut all {
        one.name = "all messages".to_owned();
    }
    series.append(&mut all);
    let last = xs.last().copied().unwrap_or(4.0);
    let at = |x: f64, figure: &str| rows.median(move |row| row.x.total_cmp(&x).is_eq(), figure);
    let agreement = "agreement_messages_per_request";
    let (few, many) = (at(4.0, agreement), at(last, agreement));
    let (all_few, all_many) = (
        at(4.0, "messages_per_request"),
        at(last, "messages_per_request"),
    );
    let text = format!(
        "A request costs {} messages of agreement at n = 4 and {} at n = {last}: exactly what the paper's protocol sends, n-1 \
         PRE-PREPAREs, (n-1)² PREPAREs and n(n-1) COMMITs, which is 2n(n-1). All messages are {} and {}: with the request \
         to all, and the replies of all to the process that asked.",
        short(few),
        short(many),
        short(all_few),
        short(all_many)
    );
    let curve = Curve {
        name: "2n(n-1), the paper's count".to_owned(),
        points: xs.iter().map(|n| (*n, formula(*n))).collect(),
    };
    let bytes = format!(
        "Bytes grow with n² as the messages do: {} kB a request at n = 4, {} kB at n = {last}. Each message carries a signature of its \
         own, and a PRE-PREPARE the request itself.",
        short(at(4.0, "agreement_bytes_per_request").map(|bytes| bytes / 1000.0)),
        short(at(last, "agreement_bytes_per_request").map(|bytes| bytes / 1000.0)),
    );
    let size = Axis::of("processes n", Scale::Linear);
    told.draw(Picture {
        name: "count",
        title: "Messages for one request, against n",
        x: size.clone(),
        y: Axis::of("messages per request", Scale::Log),
        series,
        curves: vec![curve],
        text,
        ..Picture::default()
    });
    let mut series = rows.series(&[SERIES], "agreement_bytes_per_request", Shape::Boxes);
    let mut all = rows.series(&[SERIES], "bytes_per_request", Shape::Boxes);
    for one in &mut all {
        one.name = "all messages".to_owned();
    }
    series.append(&mut all);
    told.draw(Picture {
        name: "bytes",
        title: "Bytes for one request, against n",
        x: size,
        y: Axis::of("bytes per request", Scale::Log),
        series,
        text: bytes,
        ..Picture::default()
    });
    told.find_in_each(
        "A slot costs 2n(n-1) messages without faults.",
        |_| true,
        |row| row.figure(agreement) == Some(formula(row.x)),
    );
    told.all_are_answered("Every request is answered.");
}
