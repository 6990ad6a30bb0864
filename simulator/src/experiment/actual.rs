//! Messages and latency against how many processes are faulty in fact.

use quorate_report::{Axis, Curve, Picture, Row, Scale, Shape, Told, short};

use super::Experiment;
use super::case::{Case, Size, ask, calm, name};
use super::messages::formula;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "faults",
    question: "Do faults that do happen, up to f, change latency or the number of messages?",
    method: "0 to f backups are silent from the start. Thirty requests, 50 ms apart, at the others. STANDINGs as in `messages`.",
    cases,
    tell,
};

const SERIES: [(&str, u32); 3] = [
    ("n = 4, f = 1", 4),
    ("n = 7, f = 2", 7),
    ("n = 13, f = 4", 13),
];

fn cases(size: Size) -> Vec<Case> {
    let mut cases = Vec::new();
    for (series, n) in SERIES {
        for faulty in 0..=(n - 1) / 3 {
            let mut plan = calm(n);
            // The last ones, so that P stays the primary.
            plan.faulty = (n - faulty..n)
                .map(|one| format!("{}=silent", name(one)))
                .collect();
            ask(&mut plan, &(0..n - faulty).collect::<Vec<_>>(), 200, 50, 30);
            plan.engine.status_interval_ms = 60_000;
            cases.push(Case::new(series, f64::from(faulty), plan, size));
        }
    }
    cases
}

/// A silent backup sends neither its n-1 PREPAREs nor its n-1 COMMITs.
fn expected(n: f64, silent: f64) -> f64 {
    2.0_f64.mul_add(-(silent * (n - 1.0)), formula(n))
}

fn tell(told: &mut Told<'_>) {
    let rows = told.rows();
    let names = SERIES.map(|(series, _)| series);
    let axis = || Axis::of("silent backups", Scale::Linear);
    let latency = |x: f64| rows.median_at(names[2], x, "latency_median_ms");
    let (none, four) = (latency(0.0), latency(4.0));
    let series = rows.series(&names, "latency_median_ms", Shape::Boxes);
    let text = format!(
        "Silent backups make a request somewhat slower: {} ms with none and {} ms with four of 13. A quorum is 2f+1 of 3f+1, so with none \
         silent the fastest 2f+1 votes decide, and with f silent all others are needed, the slowest too. Against that, each process has \
         fewer signatures to check. No timer is waited for, because the primary works.",
        short(none),
        short(four)
    );
    told.draw(Picture {
        name: "latency",
        title: "Latency of a request, against how many backups are silent",
        x: axis(),
        y: Axis::of("median latency (ms)", Scale::Linear),
        series,
        text,
        ..Picture::default()
    });
    let figure = "agreement_messages_per_request";
    let series = rows.series(&names, figure, Shape::Boxes);
    let curves = SERIES.map(|(_, n)| Curve {
        name: format!("2(n-1)(n-k), n = {n}"),
        points: (0..=(n - 1) / 3)
            .map(|silent| (f64::from(silent), expected(f64::from(n), f64::from(silent))))
            .collect(),
    });
    told.draw(Picture {
        name: "messages",
        title: "Messages of agreement for one request, against how many backups are silent",
        x: axis(),
        y: Axis::of("messages per request", Scale::Linear),
        series,
        curves: curves.to_vec(),
        text: "Each silent backup leaves out its n-1 PREPAREs and n-1 COMMITs, and nobody sends more in its stead: 2(n-1)(n-k) messages with \
               k silent ones. Faults that do happen make agreement cheaper, not dearer, as long as the primary works."
            .to_owned(),
        ..Picture::default()
    });
    let is_right = |row: &Row| {
        let n = SERIES
            .iter()
            .find(|(series, _)| *series == row.series)
            .map_or(4, |(_, n)| *n);
        row.figure(figure) == Some(expected(f64::from(n), row.x))
    };
    told.find_in_each(
        "With k silent backups a slot costs 2(n-1)(n-k) messages.",
        |_| true,
        is_right,
    );
    let most = rows.most(|_| true, "latency_longest_ms");
    told.find(
        "Silent backups make nobody wait for a timer, T = 200 ms.",
        format!("the longest latency is {} ms", short(Some(most))),
        most < 200.0,
    );
    told.all_are_answered("Up to f silent backups leave every request answered.");
}
