//! Many clients.

use quorate_report::{Axis, Picture, Rows, Scale, Series, Shape, Told, short};

use crate::case::{Case, Experiment, Size, USUAL, least_for_a_slot, never};
use crate::latencies;

pub(crate) const EXPERIMENT: Experiment = Experiment {
    name: "clients",
    question: "What do 1 to 512 clients do to latency, throughput and correctness?",
    method: "Four processes. Each client writes one value of 64 bytes after the other (closed loop), each time another one. At the end each client's last \
             value is read at another process than the one that acknowledged it.",
    cases,
    is_beyond: never,
    tell,
};

const SERIES: &str = "n = 4";
const RATE: &str = "per_second";
/// The numbers of clients whose slowest writes are shown.
const SHOWN: [f64; 5] = [1.0, 16.0, 64.0, 128.0, 512.0];
const MESSAGES: &str = "messages_each";

fn cases(size: Size) -> Vec<Case> {
    let (counts, all): (&[u32], u32) = match size {
        Size::Quick => (&[1, 16, 128, 512], 1500),
        Size::Full => (&[1, 2, 4, 8, 16, 32, 64, 128, 256, 512], 10_000),
    };
    let one = |clients: &u32| {
        let operations = (all / clients).clamp(8, all / 20);
        let options = format!("--clients {clients} --operations {operations} --warmup 3");
        Case::new(SERIES, *clients, options)
    };
    counts.iter().map(one).collect()
}

fn counted(clients: f64) -> String {
    let ending = if clients < 1.5 { "" } else { "s" };
    format!("{clients} client{ending}")
}

/// Which part of the writes took longer than so long: few clients, more, and most.
fn tail(rows: Rows<'_>, xs: &[f64]) -> Picture {
    let last = xs.last().copied().unwrap_or(1.0);
    let shown = xs.iter().copied().filter(|x| SHOWN.contains(x));
    let named: Vec<_> = shown.map(|x| (counted(x), SERIES, x)).collect();
    let slow = |x: f64, percent: f64| latencies::slow(rows, SERIES, x, percent);
    let text = format!(
        "With one client half of the writes take longer than {} ms, one in a hundred longer than {} ms and one in a thousand longer than {} ms; with \
         {last} clients {}, {} and {} ms. The steeper a line falls, the more alike the waits are: with many clients all wait in the same queue, and with one \
         only what else the machine does makes a write wait.",
        slow(1.0, 50.0),
        slow(1.0, 1.0),
        slow(1.0, 0.1),
        slow(last, 50.0),
        slow(last, 1.0),
        slow(last, 0.1),
    );
    latencies::picture(rows, "The slowest writes, against clients", &named, &text)
}

fn tell(told: &mut Told<'_>) {
    let rows = told.rows();
    let xs = rows.xs(SERIES);
    let last = xs.last().copied().unwrap_or(1.0);
    let at = |x: f64, figure: &str| rows.median_at(SERIES, x, figure);
    let axis = || Axis::of("clients", Scale::Log);
    let (few, many) = (at(1.0, RATE), at(last, RATE));
    let text = format!(
        "One client gets {} writes a second done, {last} clients {}. While a slot is agreed on, the writes of the others gather for the next one, so that \
         what a slot costs is divided among more and more of them, until the processors are busy with what each write costs by itself.",
        short(few),
        short(many),
    );
    let series = rows.series(&[SERIES], RATE, Shape::Boxes);
    told.draw(Picture {
        name: "throughput",
        title: "Writes per second, against clients",
        x: axis(),
        y: Axis::of("writes per second", Scale::Log),
        series,
        text,
        ..Picture::default()
    });
    let named = [
        ("p50_ms", "median"),
        ("p95_ms", "95th percentile"),
        ("p99_ms", "99th percentile"),
    ];
    let series = named.map(|(figure, name)| Series {
        name: name.to_owned(),
        shape: Shape::Boxes,
        points: rows.points(|_| true, figure),
    });
    let text = format!(
        "The median is {} ms with one client and {} ms with {last}. Once the processors are busy, a further client makes all others wait \
         longer: latency is then clients divided by throughput (Little's law). The 99th percentile is {} ms with {last}: some calls wait for more than one slot.",
        short(at(1.0, "p50_ms")),
        short(at(last, "p50_ms")),
        short(at(last, "p99_ms")),
    );
    told.draw(Picture {
        name: "latency",
        title: "Latency of a write, against clients",
        x: axis(),
        y: Axis::of("latency (ms)", Scale::Log),
        series: series.to_vec(),
        text,
        ..Picture::default()
    });
    told.draw(tail(told.rows(), &xs));
    let series = rows.series(&[SERIES], MESSAGES, Shape::Boxes);
    let (few, many) = (at(1.0, MESSAGES), at(last, MESSAGES));
    told.draw(Picture {
        name: "messages",
        title: "Messages among the processes for one write, against clients",
        x: axis(),
        y: Axis::of("messages per write", Scale::Log),
        series,
        text: format!(
            "A write costs {} messages with one client and {} with {last}: this is why throughput grows.",
            short(few),
            short(many)
        ),
        ..Picture::default()
    });
    told.find_in_each(
        "Half of the calls take at least the median, so throughput times median latency is at most twice the number of clients.",
        |_| true,
        |row| {
            let both = row.figure(RATE).zip(row.figure("p50_ms"));
            both.is_some_and(|(rate, median)| rate * median / 1000.0 <= 2.02 * row.x)
        },
    );
    told.find_in_each(
        "From 16 clients on, writes share slots: a write costs less than the 18 messages of a slot.",
        |row| row.x > 15.5,
        |row| row.figure(MESSAGES).is_some_and(|own| own < least_for_a_slot(USUAL)),
    );
    told.find(
        format!("{last} clients get more done than one."),
        format!(
            "{} against {} writes a second",
            short(at(last, RATE)),
            short(at(1.0, RATE))
        ),
        at(last, RATE) > at(1.0, RATE),
    );
}
