//! What agreement costs on top of one process.

use quorate_report::{Axis, Curve, Picture, Row, Scale, Shape, Told, short};

use crate::case::{Case, Experiment, Size, is_at_least, least_for_a_slot, never};

pub(crate) const EXPERIMENT: Experiment = Experiment {
    name: "overhead",
    question: "What does agreement cost, in per cent of the time of a single process with the same endpoint, against n?",
    method: "One client writes one value of 64 bytes after the other, or 64 clients do at once. The single process (n = 1) has the same \
             endpoint and the same store and signs as the others do, and has nobody to agree with. E1 is the empty method of the same endpoint, \
             measured just before: a call of which nothing is asked. All processes and the client share this machine.",
    cases,
    is_beyond: never,
    tell,
};

const ALONE: &str = "1 client";
const MANY: &str = "64 clients";
const SERIES: [&str; 2] = [ALONE, MANY];
const P50: &str = "p50_ms";
const MESSAGES: &str = "messages_each";

fn cases(size: Size) -> Vec<Case> {
    let (numbers, operations): (&[u32], _) = match size {
        Size::Quick => (&[1, 4, 7], [100, 10]),
        Size::Full => (&[1, 4, 7, 10, 13], [400, 40]),
    };
    let mut cases = Vec::new();
    for n in numbers {
        for (series, clients, operations) in [(ALONE, 1, operations[0]), (MANY, 64, operations[1])]
        {
            let options = format!(
                "--processes {n} --clients {clients} --operations {operations} --warmup 3 --compare"
            );
            cases.push(Case::new(series, *n, options));
        }
    }
    cases
}

/// How much longer it takes than with one process, in per cent of that.
fn overhead(time: f64, alone: f64) -> f64 {
    (time / alone - 1.0) * 100.0
}

fn tell(told: &mut Told<'_>) {
    let rows = told.rows();
    let median = |series: &str, n: f64| rows.median_at(series, n, P50);
    let xs: Vec<f64> = rows.xs(ALONE).into_iter().filter(|n| *n > 1.5).collect();
    let axis = || Axis::of("processes n", Scale::Linear);
    let single = SERIES.map(|series| (series, median(series, 1.0)));
    let single_of = |row: &Row| single.iter().find(|(series, _)| *series == row.series)?.1;
    let percent = |series: &str, n: f64| {
        let alone = median(series, 1.0)?;
        Some(overhead(median(series, n)?, alone))
    };
    let (least, most) = (xs.first().copied(), xs.last().copied());
    let at = |series: &str, n: Option<f64>| short(n.and_then(|n| percent(series, n)));
    let text = format!(
        "With one client, agreement adds {} % at n = {} and {} % at n = {}: a call waits for PRE-PREPARE, PREPARE and COMMIT, and for the processor time of n² \
         votes, which all processes take from the cores of this one machine. On a machine for each process the steps would stay and the \
         work would be divided. With 64 clients it adds {} % and {} %: there a slot carries many writes, and they share what it costs.",
        at(ALONE, least),
        least.unwrap_or_default(),
        at(ALONE, most),
        most.unwrap_or_default(),
        at(MANY, least),
        at(MANY, most),
    );
    let series = rows.series_of(&SERIES, Shape::Boxes, |row| {
        let is_replicated = row.x > 1.5;
        let percent = overhead(row.figure(P50)?, single_of(row)?);
        is_replicated.then_some((row.x, percent))
    });
    told.draw(Picture {
        name: "percent",
        title: "What agreement adds to the time of a single process",
        x: axis(),
        y: Axis::of("time above that of a single process (%)", Scale::Linear),
        series,
        text,
        ..Picture::default()
    });
    let mut series = rows.series(&SERIES, P50, Shape::Boxes);
    let mut empty = rows.series(&[ALONE], "e1_ms", Shape::Boxes);
    for one in &mut empty {
        one.name = "E1, the empty method".to_owned();
    }
    series.append(&mut empty);
    let text = format!(
        "The times themselves. The empty method takes {} ms and a write at the single process {} ms with one client: executing, signing and \
         waking up are cheap beside what n processes tell each other. With 64 clients most of the time is spent in the queue.",
        short(rows.median(|row| row.series == ALONE, "e1_ms")),
        short(median(ALONE, 1.0)),
    );
    told.draw(Picture {
        name: "latency",
        title: "Latency of a write, against n",
        x: axis(),
        y: Axis::of("median latency (ms)", Scale::Log),
        series,
        text,
        ..Picture::default()
    });
    let series = rows.series(&SERIES, MESSAGES, Shape::Boxes);
    let curve = Curve {
        name: "2(n-1)(n+1): agreement, request and replies".to_owned(),
        points: xs
            .iter()
            .map(|n| (*n, 2.0 * (n - 1.0) * (n + 1.0)))
            .collect(),
    };
    told.draw(Picture {
        name: "messages",
        title: "Messages among the processes for one write, against n",
        x: axis(),
        y: Axis::of("messages per write", Scale::Log),
        series,
        curves: vec![curve],
        text: "The processes count what they send. With one client each write has a slot of its own, and costs what the paper says, 2n(n-1), with the request \
               to all and the replies; what is above the line is STANDINGs, by which processes tell each other now and then how far they \
               are. With 64 clients a slot carries many writes and they share its messages. One process sends none (and has no place on this axis)."
            .to_owned(),
        ..Picture::default()
    });
    told.find_in_each(
        "With one client each write costs a slot's messages: at least 2(n-1)(n-f), for f processes may lag behind.",
        |row| row.series == ALONE && row.x > 1.5,
        |row| is_at_least(row, MESSAGES, least_for_a_slot(row.x)),
    );
    told.find_in_each(
        "Writes of 64 clients share slots: each costs less than half of that.",
        |row| row.series == MANY && row.x > 1.5,
        |row| {
            row.figure(MESSAGES)
                .is_some_and(|each| each < least_for_a_slot(row.x) / 2.0)
        },
    );
    told.find_in_each(
        "A single process sends no messages.",
        |row| row.x < 1.5,
        |row| row.figure(MESSAGES) == Some(0.0),
    );
    let slower = |series: &&str| {
        xs.iter()
            .all(|n| percent(series, *n).is_some_and(|more| more > 0.0))
    };
    let all = SERIES.iter().all(slower) && !xs.is_empty();
    told.find(
        "It takes longer than at a single process, for every n.",
        if all {
            "for every n"
        } else {
            "not for every n"
        },
        all,
    );
}
