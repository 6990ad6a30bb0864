//! Why 3f+1: liars beside correct processes that hear from each other late.

use quorate_report::{Axis, Picture, Row, Scale, Shape, Told, statistics};

use super::Experiment;
use super::case::{Case, Size, calm};
use crate::plan::{Link, Name, Plan};

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "bound",
    question: "Why 3f+1? How often do correct processes disagree with 3f and with 3f+1 processes, for 0 to f+1 liars?",
    method: "A liar runs twice under its key, and its two copies talk to different correct processes. Messages from f of the correct ones to \
             the other correct ones, and back, take 0 to 400 ms: they are correct and slow. Both sides ask for operations. Rules for 3f \
             processes are those of f-1 faults, which is all that they can promise.",
    cases,
    tell,
};

/// f and n.
const SIZES: [(u32, u32); 4] = [(1, 3), (1, 4), (2, 6), (2, 7)];

fn series(f: u32, n: u32) -> String {
    let of = if n.is_multiple_of(3) { "3f" } else { "3f+1" };
    format!("n = {n} = {of}, f = {f}")
}

fn cases(size: Size) -> Vec<Case> {
    let mut cases = Vec::new();
    for (f, n) in SIZES {
        for liars in 0..=f + 1 {
            if liars + f >= n {
                // Nobody would be left on the other side.
                continue;
            }
            let case = Case::new(series(f, n), f64::from(liars), plan(f, n, liars), size);
            cases.push(Case {
                seeds: size.trials(),
                ..case
            });
        }
    }
    cases
}

fn plan(f: u32, n: u32, liars: u32) -> Plan {
    let mut plan = calm(n);
    plan.twins = (0..liars).map(Name::of).collect();
    plan.apart = (n - f..n).map(Name::of).collect();
    let correct: Vec<u32> = (liars..n).collect();
    let slow = |one: &u32| *one >= n - f;
    for from in &correct {
        for to in &correct {
            if slow(from) != slow(to) {
                plan.network.push(Link {
                    from: Some(Name::of(*from)),
                    to: Some(Name::of(*to)),
                    lost: 0,
                    doubled: 0,
                    late: 0,
                    shortest_us: 100,
                    longest_us: 400_000,
                });
            }
        }
        plan.requests.insert(Name::of(*from), vec![100, 160, 220]);
    }
    plan.heal_ms = 1500;
    plan
}

fn tell(told: &mut Told<'_>) {
    let rows = told.rows();
    let names: Vec<String> = SIZES.iter().map(|(f, n)| series(*f, *n)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let drawn = rows.series(&names, "disagrees", Shape::Shares);
    told.draw(Picture {
        name: "shares",
        title: "The share of runs in which correct processes disagree, against liars",
        x: Axis::of("liars", Scale::Linear),
        y: Axis::of("share of the seeds", Scale::Linear),
        series: drawn,
        text: "With 3f+1 processes and up to f liars nobody ever disagrees: any two quorums of 2f+1 share f+1 processes, so at least one \
               correct one, and that one does not say two things. With one process fewer, f liars are enough: each half of the correct ones \
               forms a quorum with the liars, and hears from the other half too late. With 3f+1 that takes f+1 liars. Slow processes alone, \
               without a liar, never make anybody disagree: PBFT needs time for progress, and not for agreement."
            .to_owned(),
        ..Picture::default()
    });
    let count = |wanted: &dyn Fn(&Row, f64) -> bool| {
        let rows = rows.of(|row| {
            let mut sizes = SIZES.iter();
            let f = sizes
                .find(|(f, n)| series(*f, *n) == row.series)
                .map_or(1, |(f, _)| *f);
            wanted(row, f64::from(f))
        });
        let all: Vec<f64> = rows.filter_map(|row| row.figure("disagrees")).collect();
        (all.iter().filter(|one| **one > 0.5).count(), all.len())
    };
    let is_enough = |row: &Row| row.series.contains("3f+1");
    let seen = |(of, all): (usize, usize)| {
        let high = statistics::share(of, all).map_or(1.0, |share| share.high);
        format!(
            "{of} of {all} runs disagree (95 %: at most {:.1} %)",
            100.0 * high
        )
    };
    let within = count(&|row, f| is_enough(row) && row.x <= f);
    let without = count(&|row, _| row.x < 0.5);
    let fewer = count(&|row, f| !is_enough(row) && (row.x - f).abs() < 0.5);
    let beyond = count(&|row, f| is_enough(row) && row.x > f);
    told.find(
        "With n = 3f+1 and at most f liars nobody disagrees.",
        seen(within),
        within.0 == 0 && within.1 > 0,
    );
    told.find(
        "Without liars nobody disagrees, however slow processes are.",
        seen(without),
        without.0 == 0 && without.1 > 0,
    );
    told.find(
        "With n = 3f, f liars can make correct processes disagree.",
        format!("{} of {} runs disagree", fewer.0, fewer.1),
        fewer.0 > 0,
    );
    told.find(
        "With n = 3f+1, f+1 liars can.",
        format!("{} of {} runs disagree", beyond.0, beyond.1),
        beyond.0 > 0,
    );
}
