//! An open loop up to saturation.

use quorate_report::{Axis, Curve, Picture, Row, Rows, Scale, Shape, Told, short};

use crate::case::{Case, Experiment, Size};
use crate::latencies;

pub(crate) const EXPERIMENT: Experiment = Experiment {
    name: "load",
    question: "How does latency grow with load, up to saturation, for batch limits from 1 to 400, with and without disk?",
    method: "Four processes. Writes fall due at even distances for one second, whether the ones before have ended or not, and latency counts from when one was \
             due, so that no wait is left out (no coordinated omission). 512 connections carry them. A batch limit says how many requests a slot \
             holds at most. A process puts all that its callers ask for meanwhile into one request, so a slot may hold more writes than that. \
             With a disk, a process votes and answers only after it has written. After a load of which less than half was served in a \
             second, the higher ones are left out.",
    cases,
    is_beyond,
    tell,
};

const LIMITS: [u32; 3] = [1, 16, 400];
/// A load that both memory and disk bear.
const BORNE: f64 = 2000.0;
const RATE: &str = "per_second";
const MESSAGES: &str = "messages_each";

fn name(limit: u32, on_disk: bool) -> String {
    let place = if on_disk { ", disk" } else { "" };
    format!("batches up to {limit}{place}")
}

fn names(on_disk: bool) -> [String; 3] {
    LIMITS.map(|limit| name(limit, on_disk))
}

fn cases(size: Size) -> Vec<Case> {
    let rates: &[u32] = match size {
        Size::Quick => &[100, 2000, 16_000],
        Size::Full => &[250, 500, 1000, 2000, 4000, 8000, 16_000, 32_000],
    };
    let mut cases = Vec::new();
    for rate in rates {
        for limit in LIMITS {
            for on_disk in [false, true] {
                let options = format!(
                    "--rate {rate} --operations {rate} --clients 512 --batch-limit {limit} --warmup 1"
                );
                cases.push(Case {
                    on_disk,
                    ..Case::new(name(limit, on_disk), *rate, options)
                });
            }
        }
    }
    cases
}

/// A load of which less than half was served was far too much, and takes long to be worked off.
fn is_beyond(case: &Case, so_far: &[&Row]) -> bool {
    let mut own = so_far
        .iter()
        .filter(|row| row.series == case.series && row.x < case.x);
    own.any(|row| row.figure(RATE).is_some_and(|rate| rate < row.x / 2.0))
}

/// Which part of the writes took longer than so long: at the lowest load, and at one that most series bear.
fn tail(rows: Rows<'_>, xs: &[f64]) -> Picture {
    let least = xs.first().copied().unwrap_or(1.0);
    let (memory, disk) = (name(400, false), name(400, true));
    let point = |series: &'static str, x: f64| (format!("{x} a second{series}"), x);
    let named: Vec<_> = [least, BORNE]
        .into_iter()
        .flat_map(|x| [(point("", x), &memory), (point(", disk", x), &disk)])
        .map(|((name, x), series)| (name, series.as_str(), x))
        .collect();
    let slow = |series: &str, percent: f64| latencies::slow(rows, series, BORNE, percent);
    let text = format!(
        "At {BORNE} a second one write in a hundred takes longer than {} ms in memory and {} ms with a disk, one in a thousand longer than {} and {} ms. What falls \
         due while a process waits for its disk, or for a core, waits as well, so a few long waits make the end of the line.",
        slow(&memory, 1.0),
        slow(&disk, 1.0),
        slow(&memory, 0.1),
        slow(&disk, 0.1),
    );
    latencies::picture(
        rows,
        "The slowest writes, with batches up to 400",
        &named,
        &text,
    )
}

fn tell(told: &mut Told<'_>) {
    let rows = told.rows();
    let most = |limit: u32, on_disk: bool| {
        let own = name(limit, on_disk);
        let xs = rows.xs(&own);
        let medians = xs.iter().filter_map(|x| rows.median_at(&own, *x, RATE));
        medians.reduce(f64::max)
    };
    for on_disk in [false, true] {
        let own = names(on_disk);
        let own = [0, 1, 2].map(|place: usize| own[place].as_str());
        let series = rows.series_of(&own, Shape::Points, |row| {
            Some((row.figure(RATE)?, row.figure("p50_ms")?))
        });
        let [one, sixteen, all] = LIMITS.map(|limit| short(most(limit, on_disk)));
        let peak = format!(
            "At most {one}, {sixteen} and {all} writes a second are served with batches of up to 1, 16 and 400."
        );
        let (name, title, text) = if on_disk {
            (
                "disk",
                "Latency against what is served, with disk",
                format!(
                    "{peak} A process writes before it votes, at PRE-PREPARE, PREPARE and COMMIT, one after the other, and whatever gathers meanwhile \
                     is written at once. So latency at a low load is higher by these waits, and at a high load many writes share them."
                ),
            )
        } else {
            (
                "memory",
                "Latency against what is served, without disk",
                format!(
                    "{peak} Below that, latency is what one write takes alone. Near it the curve bends upwards, and beyond it only latency grows: what falls due \
                     waits in a queue that grows for as long as the load lasts, here a second. The limits differ less than their numbers, because even a slot of a \
                     single request holds all writes that a process had from its callers when it made the request. What a small limit costs is slots, \
                     and so messages, as the last picture shows."
                ),
            )
        };
        told.draw(Picture {
            name,
            title,
            x: Axis::of("writes served per second", Scale::Log),
            y: Axis::of("median latency (ms)", Scale::Log),
            series,
            text,
            ..Picture::default()
        });
    }
    let all: Vec<String> = names(false).into_iter().chain(names(true)).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let series = rows.series(&all, RATE, Shape::Boxes);
    let xs = rows.xs(all[2]);
    told.draw(Picture {
        name: "served",
        title: "What is served, against what falls due",
        x: Axis::of("writes due each second", Scale::Log),
        y: Axis::of("writes served per second", Scale::Log),
        series,
        curves: vec![Curve {
            name: "all that falls due".to_owned(),
            points: xs.iter().map(|x| (*x, *x)).collect(),
        }],
        text: "On the dashed line all is served when it is due. Where a series leaves it, it is saturated, and more load does not bring more."
            .to_owned(),
        ..Picture::default()
    });
    let series = rows.series(&all, "p99_ms", Shape::Boxes);
    told.draw(Picture {
        name: "slowest",
        title: "The slowest writes, against what falls due",
        x: Axis::of("writes due each second", Scale::Log),
        y: Axis::of("99th percentile of latency (ms)", Scale::Log),
        series,
        text: "The 99th percentile leaves the level of a quiet system before the median does: it shows the queues that build up and go away again."
            .to_owned(),
        ..Picture::default()
    });
    told.draw(tail(rows, &xs));
    let series = rows.series(&all, MESSAGES, Shape::Boxes);
    told.draw(Picture {
        name: "messages",
        title: "Messages among the processes for one write, against what falls due",
        x: Axis::of("writes due each second", Scale::Log),
        y: Axis::of("messages per write", Scale::Log),
        series,
        text: "At a low load each write has a slot of its own, some 30 messages. The higher the load, the more writes share a slot, and the \
               fewer slots there are the larger a batch may be. With a disk a slot takes longer, so more gathers for the next one."
            .to_owned(),
        ..Picture::default()
    });
    told.find_in_each(
        "No more is served than falls due.",
        |_| true,
        |row| row.figure(RATE).is_some_and(|rate| rate <= 1.05 * row.x),
    );
    let least = xs.first().copied().unwrap_or_default();
    told.find_in_each(
        "The lowest load is served as it falls due.",
        |row| row.x.total_cmp(&least).is_eq(),
        |row| row.figure(RATE).is_some_and(|rate| rate >= 0.9 * row.x),
    );
    let at = |limit: u32, x: Option<&f64>| {
        let x = *x?;
        rows.median_at(&name(limit, false), x, MESSAGES)
    };
    let (low, high) = (at(400, xs.first()), at(400, xs.last()));
    told.find(
        "The higher the load, the more writes share a slot: a write costs fewer messages.",
        format!(
            "{} at the lowest load and {} at the highest",
            short(low),
            short(high)
        ),
        low.zip(high).is_some_and(|(low, high)| high < low),
    );
    let single = rows.xs(&name(1, false));
    let both = (at(1, single.last()), at(400, single.last()));
    told.find(
        "Larger batches make fewer slots: at a high load a write costs fewer messages with batches of up to 400 than with batches of 1.",
        format!("{} against {}", short(both.1), short(both.0)),
        both.0.zip(both.1).is_some_and(|(one, many)| many < one),
    );
}
