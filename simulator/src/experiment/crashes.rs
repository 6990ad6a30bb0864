//! Processes that stop for ever: a backup, the primary, f primaries one after the other.

use quorate_report::{Told, short};

use super::Experiment;
use super::case::{Case, Size, ask, calm, name};
use super::found::{draw_longest_waits, draw_requests, views};

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "crashes",
    question: "What happens when a backup, the primary, or f processes one after the other stop for ever?",
    method: "A request every 10 ms for 4 s, at processes that stay. The first crash is at 1 s, the others follow half a second after one \
             another. A process waits T = 200 ms for progress before it asks for another view.",
    cases,
    tell,
};

const BACKUP: &str = "a backup, n = 4";
const PRIMARY: &str = "the primary, n = 4";
const TWO: &str = "two primaries in turn, n = 7";
const FOUR: &str = "four primaries in turn, n = 13";
const ALL: [&str; 4] = [BACKUP, PRIMARY, TWO, FOUR];
/// T of these plans, in milliseconds.
const T: f64 = 200.0;

fn cases(size: Size) -> Vec<Case> {
    let case = |x: u32, series: &str, n: u32, crashed: &[u32]| {
        let mut plan = calm(n);
        let times = (1000..).step_by(500);
        let crash = |(process, at): (&u32, u32)| format!("{}=crash:{at}ms", name(*process));
        plan.faulty = crashed.iter().zip(times).map(crash).collect();
        let stay: Vec<u32> = (0..n).filter(|one| !crashed.contains(one)).collect();
        ask(&mut plan, &stay, 200, 10, 380);
        Case {
            trouble_ms: (1000, 4000),
            shows_requests: true,
            ..Case::new(series, f64::from(x), plan, size)
        }
    };
    vec![
        case(0, BACKUP, 4, &[3]),
        case(1, PRIMARY, 4, &[0]),
        case(2, TWO, 7, &[0, 1]),
        case(3, FOUR, 13, &[0, 1, 2, 3]),
    ]
}

fn tell(told: &mut Told<'_>) {
    let rows = told.rows();
    let wait = |of: &'static str| rows.median(move |row| row.series == of, "longest_wait_ms");
    let (backup, primary) = (wait(BACKUP), wait(PRIMARY));
    let text = format!(
        "Before the first crash a request takes a few milliseconds. The crash of a backup (at 1 s) changes nothing: 2f others are enough. \
         When the primary crashes, all requests wait until the others give up on it: after T = 200 ms they ask for the next view, and its \
         primary serves at once what has gathered, which is why the requests that came later waited less and lie on a falling line. Each \
         further primary costs such a pause of its own. The longest wait is {} ms with a crashed backup and {} ms with a crashed primary \
         (medians).",
        short(backup),
        short(primary)
    );
    draw_requests(told, &ALL, ("the first has crashed", 1.0, 4.0), text);
    draw_longest_waits(
        told,
        "what crashes",
        &ALL,
        "The time to recover is T and a view change, which takes some messages more than a slot. It does not add up when primaries crash \
         one after the other with time between, because the timer is short again once something executes; the view after the first pause \
         has a primary that works until it crashes itself.",
    );
    told.all_are_answered("With at most f crashes every request is answered (liveness).");
    let most = rows.most(|row| row.series == BACKUP, "longest_wait_ms");
    told.find(
        "The crash of a backup makes nobody wait for a timer.",
        format!("the longest wait is {} ms", short(Some(most))),
        most < T / 2.0,
    );
    let least = rows
        .of(|row| row.series == PRIMARY)
        .filter_map(|row| row.figure("longest_wait_ms"))
        .fold(f64::INFINITY, f64::min);
    let most = rows.most(|row| row.series == PRIMARY, "longest_wait_ms");
    told.find(
        "The crash of the primary costs the timer, T = 200 ms, and less than twice as much.",
        format!("{} to {} ms", short(Some(least)), short(Some(most))),
        least >= T - 20.0 && most < 2.0 * T,
    );
    views(
        told,
        "Each crashed primary costs one view, and a crashed backup none.",
        &[(BACKUP, 0.0), (PRIMARY, 1.0), (TWO, 2.0), (FOUR, 4.0)],
    );
}
