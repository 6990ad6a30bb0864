//! Each behaviour, at the primary and at a backup.

use quorate_report::{Axis, Band, Picture, Scale, Shape, Told, short};

use super::Experiment;
use super::case::{Case, Size, ask, calm, name};

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "byzantine",
    question: "What does each kind of misbehaviour cost, at the primary and at a backup?",
    method: "Four processes. P, the first primary, or S, a backup, misbehaves from 1 s to 3 s. A request every 10 ms, at the others. \
             T = 200 ms. Throughput left is what is answered in these two seconds, as a share of what is asked for in them.",
    cases,
    tell,
};

const PRIMARY: &str = "at the primary";
const BACKUP: &str = "at a backup";
/// The behaviours, in the words of `--faulty`.
const BEHAVIOURS: [&str; 17] = [
    "duplicate",
    "replay",
    "tamper",
    "impersonate",
    "forge",
    "lie",
    "spam",
    "flood",
    "drop:30%",
    "delay:50ms",
    "delay:300ms",
    "deny",
    "silent",
    "corrupt",
    "equivocate",
    "skip",
    "slow",
];
/// These are shown request by request.
const SHOWN: [&str; 4] = ["silent", "equivocate", "slow", "delay:50ms"];

fn cases(size: Size) -> Vec<Case> {
    let mut cases = Vec::new();
    for (series, at) in [(PRIMARY, 0), (BACKUP, 3)] {
        for (x, behaviour) in (0_u32..).zip(BEHAVIOURS) {
            let mut plan = calm(4);
            plan.faulty = vec![format!("{}={behaviour}@after=1s@until=3s", name(at))];
            let others: Vec<u32> = (0..4).filter(|one| *one != at).collect();
            ask(&mut plan, &others, 200, 10, 380);
            cases.push(Case {
                trouble_ms: (1000, 3000),
                shows_requests: series == PRIMARY && SHOWN.contains(&behaviour),
                ..Case::new(series, f64::from(x), plan, size)
            });
        }
    }
    cases
}

fn tell(told: &mut Told<'_>) {
    let rows = told.rows();
    let names = || Axis::named("behaviour", BEHAVIOURS.map(str::to_owned).to_vec());
    let both = [PRIMARY, BACKUP];
    let of = |behaviour: &str, figure: &str| rows.median_at(PRIMARY, place(behaviour), figure);
    let text = format!(
        "What a backup does costs next to nothing: the other three are a quorum and do not need it. `flood` alone costs as much at a backup as at \
         the primary, because it takes the others' processor time, and then their timers end. A primary that sends nothing that can be \
         used (deny, silent, corrupt, skip) is left after T = 200 ms: the longest wait is {} ms with a silent one. With one that says different things \
         (equivocate) it is {} ms: two of its proposals meet at a process with the next STANDING and prove it faulty, and then it is left at once \
         (rule 30). One that delays by 50 ms is left after eight requests that took more than T/4 (rule 18), with \
         nobody waiting for longer than {} ms. `slow` proposes just before the timers end: {} ms. It is not left here: it holds the \
         oldest request back and must propose the next ones soon after, which looks quick, so that there are never eight slow ones in a row.",
        short(of("silent", "longest_wait_ms")),
        short(of("equivocate", "longest_wait_ms")),
        short(of("delay:50ms", "longest_wait_ms")),
        short(of("slow", "longest_wait_ms")),
    );
    let series = rows.series(&both, "longest_wait_ms", Shape::Boxes);
    told.draw(Picture {
        name: "recovery",
        title: "How long the request waited that waited longest, by misbehaviour",
        x: names(),
        y: Axis::of("longest wait (ms)", Scale::Log),
        series,
        text,
        ..Picture::default()
    });
    let series = rows.series(&both, "throughput_left_percent", Shape::Boxes);
    let text = format!(
        "At 100 requests a second four processes have time to spare, so what waited during a view change is made up for within the two \
         seconds. Only the slow primary leaves less: {} %, because at the end of the two seconds it still holds back what came last.",
        short(of("slow", "throughput_left_percent")),
    );
    told.draw(Picture {
        name: "throughput",
        title: "Answers while a process misbehaves, by misbehaviour",
        x: names(),
        y: Axis::of("throughput left (%)", Scale::Linear),
        series,
        text,
        ..Picture::default()
    });
    let shown = SHOWN.map(|behaviour| (behaviour, PRIMARY, place(behaviour)));
    let series = rows.timeline(&shown);
    told.draw(Picture {
        name: "timeline",
        title: "Each request of one run, by when it was asked for, with P misbehaving",
        x: Axis::of("time (s)", Scale::Linear),
        y: Axis::of("latency (ms)", Scale::Log),
        series,
        bands: vec![Band {
            name: "P misbehaves".to_owned(),
            from: 1.0,
            to: 3.0,
        }],
        text: "The silent and the equivocating primary make one pause, a falling line: who asks later waits less for the view that then \
               serves all. A primary that delays by 50 ms is left at about 1.4 s. A slow one holds each proposal back until just before the \
               timers end, again and again, as long as it misbehaves."
            .to_owned(),
        ..Picture::default()
    });
    told.all_are_answered("One liar of four cannot keep a request from being answered (liveness).");
    let quiet = |behaviour: &str| {
        !matches!(
            behaviour,
            "drop:30%" | "delay:50ms" | "delay:300ms" | "flood"
        )
    };
    let places = (0_u32..).zip(BEHAVIOURS).filter(|(_, one)| quiet(one));
    let places: Vec<f64> = places.map(|(place, _)| f64::from(place)).collect();
    let most = rows.most(
        |row| row.series == BACKUP && places.iter().any(|place| place.total_cmp(&row.x).is_eq()),
        "longest_wait_ms",
    );
    told.find(
        "No misbehaviour of a backup makes anybody wait for a timer, T = 200 ms.",
        format!("the longest wait is {} ms", short(Some(most))),
        most < 200.0,
    );
    let flood = place("flood");
    told.find_in_each(
        "A backup alone cannot bring about a view change, unless it takes the others' processor time (flood).",
        |row| row.series == BACKUP && row.x.total_cmp(&flood).is_ne(),
        |row| row.figure("view") == Some(0.0),
    );
}

/// Where a behaviour stands on the axis.
fn place(behaviour: &str) -> f64 {
    let mut all = (0_u32..).zip(BEHAVIOURS);
    let found = all.find(|(_, one)| *one == behaviour);
    f64::from(found.map_or(0, |(place, _)| place))
}
