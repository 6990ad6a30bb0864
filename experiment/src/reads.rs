//! Reads without ordering, against writes.

use quorate_report::{Axis, Curve, Picture, Scale, Shape, Told, short};

use crate::case::{Case, Experiment, Size, USUAL, is_at_least, least_for_a_slot, never};

pub(crate) const EXPERIMENT: Experiment = Experiment {
    name: "reads",
    question: "What do reads without ordering save in time, and what do they do to throughput?",
    method: "Four processes. Each client makes one call after the other (closed loop): a write, which is ordered, or a read by the read-only path, \
             which asks all and takes the answer that a quorum gives.",
    cases,
    is_beyond: never,
    tell,
};

const WRITES: &str = "writes, ordered";
const READS: &str = "reads, not ordered";
const SERIES: [&str; 2] = [WRITES, READS];
const MESSAGES: &str = "messages_each";

fn cases(size: Size) -> Vec<Case> {
    let (counts, all): (&[u32], u32) = match size {
        Size::Quick => (&[1, 16, 128], 1000),
        Size::Full => (&[1, 4, 16, 64, 256], 4000),
    };
    let mut cases = Vec::new();
    for clients in counts {
        for (series, percent) in [(WRITES, 0), (READS, 100)] {
            let operations = (all / clients).clamp(10, all / 10);
            let options = format!(
                "--clients {clients} --operations {operations} --reads {percent} --warmup 3"
            );
            cases.push(Case::new(series, *clients, options));
        }
    }
    cases
}

fn tell(told: &mut Told<'_>) {
    let rows = told.rows();
    let xs = rows.xs(READS);
    let last = xs.last().copied().unwrap_or(1.0);
    let at = |series: &str, x: f64, figure: &str| rows.median_at(series, x, figure);
    let axis = || Axis::of("clients", Scale::Log);
    let rate = "per_second";
    let text = format!(
        "One client makes {} reads or {} writes a second, and {last} clients make {} reads or {} writes. A read is a question to all and an answer of each, \
         for itself; writes that arrive together share a slot, so that with many clients they make up for what the slot costs.",
        short(at(READS, 1.0, rate)),
        short(at(WRITES, 1.0, rate)),
        short(at(READS, last, rate)),
        short(at(WRITES, last, rate)),
    );
    let series = rows.series(&SERIES, rate, Shape::Boxes);
    told.draw(Picture {
        name: "throughput",
        title: "Reads and writes per second, against clients",
        x: axis(),
        y: Axis::of("operations per second", Scale::Log),
        series,
        text,
        ..Picture::default()
    });
    let latency = "p50_ms";
    let text = format!(
        "With one client a read takes {} ms and a write {} ms: one step to the other processes and one back, in place of five steps. With {last} clients it is {} \
         against {} ms; there the processors are busy, and a call mostly waits for its turn.",
        short(at(READS, 1.0, latency)),
        short(at(WRITES, 1.0, latency)),
        short(at(READS, last, latency)),
        short(at(WRITES, last, latency)),
    );
    let series = rows.series(&SERIES, latency, Shape::Boxes);
    told.draw(Picture {
        name: "latency",
        title: "Latency of reads and of writes, against clients",
        x: axis(),
        y: Axis::of("median latency (ms)", Scale::Log),
        series,
        text,
        ..Picture::default()
    });
    let series = rows.series(&SERIES, MESSAGES, Shape::Boxes);
    let each = 2.0 * (USUAL - 1.0);
    told.draw(Picture {
        name: "messages",
        title: "Messages among the processes for one operation, against clients",
        x: axis(),
        y: Axis::of("messages per operation", Scale::Log),
        series,
        curves: vec![Curve {
            name: "2(n-1), a question and an answer each".to_owned(),
            points: xs.iter().map(|x| (*x, each)).collect(),
        }],
        text: "A read costs 2(n-1) = 6 messages, however many clients there are. A write alone costs a slot, some 30 messages with its \
               request and replies; where slots are shared, a write costs fewer than a read."
            .to_owned(),
        ..Picture::default()
    });
    told.find_in_each(
        "A read costs n-1 questions and as many answers, of which f may be late: at least 5 messages with n = 4.",
        |row| row.series == READS,
        |row| is_at_least(row, MESSAGES, each - 1.0),
    );
    told.find_in_each(
        "A write of a single client costs at least a slot's 18 messages.",
        |row| row.series == WRITES && row.x < 1.5,
        |row| is_at_least(row, MESSAGES, least_for_a_slot(USUAL)),
    );
    told.find_in_each(
        "A read of a single client costs less than half of that.",
        |row| row.series == READS && row.x < 1.5,
        |row| {
            row.figure(MESSAGES)
                .is_some_and(|own| own < least_for_a_slot(USUAL) / 2.0)
        },
    );
    let (read, write) = (at(READS, 1.0, latency), at(WRITES, 1.0, latency));
    told.find(
        "It is faster than an ordered write.",
        format!("{} against {} ms", short(read), short(write)),
        read.zip(write).is_some_and(|(read, write)| read < write),
    );
}
