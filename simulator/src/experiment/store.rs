//! A store that is changed behind the engine's back.

use quorate_report::{Axis, Curve, Picture, Row, Scale, Shape, Told, short};

use super::Experiment;
use super::case::{Case, Size, calm};
use crate::plan::{Call, Name};

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "store",
    question: "Are answers still right when the stores of f processes are changed, and when are these repaired?",
    method: "From 0.5 s to 1 s the last f processes do not write what was ordered and write older values again, behind their engines' backs. At the others, \
             a new key is written every 40 ms, and read 20 ms later; each read is checked against all writes of its key (linearizability).",
    cases,
    tell,
};

const SERIES: [(&str, u32); 2] = [("1 of 4", 4), ("2 of 7", 7)];
/// How often something is written, in milliseconds.
const EVERY: u32 = 40;

fn cases(size: Size) -> Vec<Case> {
    let intervals: &[u32] = match size {
        Size::Quick => &[4, 8, 16],
        Size::Full => &[4, 6, 8, 12, 16],
    };
    let mut cases = Vec::new();
    for (series, n) in SERIES {
        let f = (n - 1) / 3;
        for interval in intervals {
            let mut plan = calm(n);
            let tampering =
                (n - f..n).map(|one| format!("{}=tamper@after=500ms@until=1s", Name::of(one).0));
            plan.faulty = tampering.collect();
            plan.engine.checkpoint_interval = u64::from(*interval);
            let others: Vec<u32> = (0..n - f).collect();
            plan.heal_ms = 4000;
            plan.calls = (0_u64..100)
                .zip(others.iter().cycle())
                .map(|(number, process)| call(number, *process))
                .collect();
            cases.push(Case {
                trouble_ms: (500, 1000),
                ..Case::new(series, f64::from(*interval), plan, size)
            });
        }
    }
    cases
}

/// Writes of one key after another, each of which is read afterwards. A key that a process has not written stays wrong there, until its
/// state is repaired.
fn call(number: u64, process: u32) -> Call {
    let key = number / 2;
    Call {
        at_ms: 300 + 20 * number,
        process: Name::of(process),
        operation: if number.is_multiple_of(2) {
            format!("set x{key}={number}")
        } else {
            format!("read x{key}")
        },
        name: None,
        key: None,
        timestamp: None,
        also: Vec::new(),
        waits_ms: None,
    }
}

fn tell(told: &mut Told<'_>) {
    let rows = told.rows();
    let names = SERIES.map(|(series, _)| series);
    let series = rows.series(&names, "repaired_after_ms", Shape::Boxes);
    let xs = rows.xs(names[0]);
    let text = format!(
        "A checkpoint covers the whole state. A process whose state differs sees at its next checkpoint that a quorum has another digest, and \
         takes the parts that differ from the others; until then the difference stays unnoticed. At 25 slots a second a checkpoint every K slots is \
         one every 40K ms, so the repair comes at most so long after the tampering has ended: {} ms with K = {}. Meanwhile nobody is told \
         anything wrong: f+1 equal replies, or for a read 2f+1 equal answers, cannot come from f tampered stores.",
        short(rows.median(
            |row| xs.last().is_some_and(|x| x.total_cmp(&row.x).is_eq()),
            "repaired_after_ms"
        )),
        xs.last().copied().unwrap_or_default(),
    );
    let curve = Curve {
        name: "the next checkpoint, at the latest".to_owned(),
        points: xs
            .iter()
            .map(|interval| (*interval, interval * f64::from(EVERY)))
            .collect(),
    };
    told.draw(Picture {
        name: "repair",
        title: "How long after the tampering the last store was repaired, against the checkpoint interval",
        x: Axis::of("checkpoint interval K (slots)", Scale::Linear),
        y: Axis::of("repaired after (ms)", Scale::Linear),
        series,
        curves: vec![curve],
        text,
        ..Picture::default()
    });
    let series = rows.series(&names, "latency_p99_ms", Shape::Boxes);
    told.draw(Picture {
        name: "latency",
        title: "The slowest writes and reads meanwhile",
        x: Axis::of("checkpoint interval K (slots)", Scale::Linear),
        y: Axis::of("99th percentile of latency (ms)", Scale::Linear),
        series,
        text: "Clients notice little: the others have all votes and answers that are needed. A read for which f answers differ still has 2f+1 \
               equal ones, but has to wait for all of the others; where one of them lags behind, the read is ordered like a write."
            .to_owned(),
        ..Picture::default()
    });
    told.all_are_answered("f tampered stores leave every write and read answered.");
    told.find_in_each(
        "Every read is right.",
        |_| true,
        |row| row.figure("violates") == Some(0.0),
    );
    let in_time = |row: &Row| {
        let after = row.figure("repaired_after_ms");
        after.is_some_and(|after| after <= 1.5_f64.mul_add(row.x * f64::from(EVERY), 50.0))
    };
    told.find_in_each(
        "A tampered store is repaired at the checkpoint after the tampering has ended.",
        |_| true,
        in_time,
    );
}
