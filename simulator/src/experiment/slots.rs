//! A primary that chooses slots wrongly.

use quorate_report::{Told, short};

use super::Experiment;
use super::case::{Case, Size, ask, calm};
use super::found::{draw_longest_waits, draw_requests, views};

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "slots",
    question: "What does a primary bring about that leaves slots out, or proposes outside the window?",
    method: "From 1 s on, P (and Q, where two misbehave) skips slots as primary, with `silent` beside it to compare. A request every 10 ms \
             for 3 s, at the others. T = 200 ms.",
    cases,
    tell,
};

const NOBODY: &str = "nobody, n = 4";
const SKIPS: &str = "P skips, n = 4";
const SILENT: &str = "P is silent, n = 4";
const BOTH: &str = "P and Q skip, n = 7";
const ALL: [&str; 4] = [NOBODY, SKIPS, SILENT, BOTH];

fn cases(size: Size) -> Vec<Case> {
    let case = |x: u32, series: &str, n: u32, faulty: &[&str]| {
        let mut plan = calm(n);
        plan.faulty = faulty.iter().map(|one| format!("{one}@after=1s")).collect();
        ask(&mut plan, &(n / 3..n).collect::<Vec<_>>(), 200, 10, 280);
        Case {
            trouble_ms: (1000, 3000),
            shows_requests: true,
            ..Case::new(series, f64::from(x), plan, size)
        }
    };
    vec![
        case(0, NOBODY, 4, &[]),
        case(1, SKIPS, 4, &["P=skip"]),
        case(2, SILENT, 4, &["P=silent"]),
        case(3, BOTH, 7, &["P=skip", "Q=skip"]),
    ]
}

fn tell(told: &mut Told<'_>) {
    let rows = told.rows();
    let wait = |of: &'static str| rows.median(move |row| row.series == of, "longest_wait_ms");
    let text = format!(
        "A proposal behind a gap is prepared and committed, and waits: slots execute strictly in order. So to the others a primary that \
         skips looks like a silent one. Their timers end after T, the next primary fills the gap with a null request, and what was committed \
         behind it executes then. The longest wait is {} ms, with a silent primary {} ms.",
        short(wait(SKIPS)),
        short(wait(SILENT)),
    );
    draw_requests(told, &ALL, ("misbehaves as primary", 1.0, 3.0), text);
    draw_longest_waits(
        told,
        "who misbehaves",
        &ALL,
        "Two such primaries in a row, with n = 7, are left one after the other. In some runs nothing of what waits executes between, and \
         the wait is twice T; in others the second primary serves some requests before it leaves a slot out, so that the timers start \
         again and different requests wait for each of them.",
    );
    told.all_are_answered("Gaps are filled: every request is answered.");
    views(
        told,
        "Each primary that skips slots costs one view, as a silent one does.",
        &[(NOBODY, 0.0), (SKIPS, 1.0), (SILENT, 1.0), (BOTH, 2.0)],
    );
    told.find_in_each(
        "Nobody executes over a gap, so nobody disagrees.",
        |_| true,
        |row| row.figure("disagrees") == Some(0.0),
    );
}
