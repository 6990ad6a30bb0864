//! What several experiments find and draw alike.

use quorate_report::{Axis, Band, Picture, Scale, Series, Shape, Told};

/// What holds in every experiment.
pub(super) fn keeps_rules(told: &mut Told<'_>) {
    told.find_in_each(
        "No rule of PBFT breaks while at most f processes are faulty.",
        |_| true,
        |row| row.figure("violates") == Some(0.0),
    );
}

/// The highest view that each of these series comes to.
pub(super) fn views(told: &mut Told<'_>, says: &str, expected: &[(&str, f64)]) {
    let view = |series: &str| {
        let mut expected = expected.iter();
        expected
            .find(|(one, _)| *one == series)
            .map(|(_, view)| *view)
    };
    told.find_in_each(
        says,
        |row| view(&row.series).is_some(),
        |row| row.figure("view") == view(&row.series),
    );
}

/// Each request of the first run of each series, whose x is its place among them. `wrong` says what is wrong, from and to, in seconds.
pub(super) fn draw_requests(
    told: &mut Told<'_>,
    all: &[&str],
    (wrong, from, to): (&str, f64, f64),
    text: String,
) {
    let places = (0_u32..).map(f64::from);
    let shown: Vec<_> = all
        .iter()
        .zip(places)
        .map(|(one, x)| (*one, *one, x))
        .collect();
    let series = told.rows().timeline(&shown);
    told.draw(Picture {
        name: "timeline",
        title: "Each request of one run, by when it was asked for",
        x: Axis::of("time (s)", Scale::Linear),
        y: Axis::of("latency (ms)", Scale::Log),
        series,
        bands: vec![Band {
            name: wrong.to_owned(),
            from,
            to,
        }],
        text,
        ..Picture::default()
    });
}

/// The longest wait of each run, by series, whose x is its place among them.
pub(super) fn draw_longest_waits(told: &mut Told<'_>, axis: &str, all: &[&str], text: &str) {
    let points = told.rows().points(|_| true, "longest_wait_ms");
    let names = all.iter().map(|name| (*name).to_owned());
    told.draw(Picture {
        name: "recovery",
        title: "How long the request waited that waited longest",
        x: Axis::named(axis, names.collect()),
        y: Axis::of("longest wait (ms)", Scale::Linear),
        series: vec![Series {
            name: "longest wait from then on".to_owned(),
            shape: Shape::Boxes,
            points,
        }],
        text: text.to_owned(),
        ..Picture::default()
    });
}
