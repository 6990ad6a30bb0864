//! Delay, jitter and loss of the network, against f.

use quorate_report::{Axis, Picture, Scale, Shape, Told, short, statistics};

use super::Experiment;
use super::case::{Case, Size, ask, calm, link};

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "delay",
    question: "What do delay, jitter and loss of messages do to latency, for different f?",
    method: "All links are alike. Delay: every message takes so long. Jitter: 20 ms, and so much less or more, evenly. Loss: 1 ms, and so \
             many messages are lost. Nobody is faulty. Requests follow one another so slowly (700 ms, with loss 200 ms) that none waits \
             for the slot of another, and T is 2 s, so that no view changes because of the delay. STANDINGs go out every 100 ms with \
             loss, and once a minute otherwise.",
    cases,
    tell,
};

const NUMBERS: [u32; 3] = [4, 7, 13];

fn name(what: &str, n: u32) -> String {
    format!("{what}, n = {n}")
}

fn cases(size: Size) -> Vec<Case> {
    let delays: &[u32] = &[1, 5, 10, 20, 50, 100];
    let jitters: &[u32] = &[0, 5, 10, 15, 20];
    let losses: &[u32] = &[0, 1, 2, 5, 10, 20];
    let mut cases = Vec::new();
    for n in NUMBERS {
        let mut add = |what: &str, x: u32, link, every_ms, status_ms| {
            let mut plan = calm(n);
            plan.network = vec![link];
            plan.engine.view_timeout_ms = 2000;
            plan.engine.status_interval_ms = status_ms;
            ask(&mut plan, &(0..n).collect::<Vec<_>>(), 200, every_ms, 26);
            cases.push(Case::new(name(what, n), f64::from(x), plan, size));
        };
        for delay in delays {
            let us = u64::from(*delay) * 1000;
            add("delay", *delay, link(us, us, 0), 700, 60_000);
        }
        for jitter in jitters {
            let us = u64::from(*jitter) * 1000;
            add(
                "jitter",
                *jitter,
                link(20_000 - us, 20_000 + us, 0),
                700,
                60_000,
            );
        }
        for loss in losses {
            add(
                "loss",
                *loss,
                link(1000, 1000, u64::from(*loss) * 10),
                200,
                100,
            );
        }
    }
    cases
}

fn tell(told: &mut Told<'_>) {
    let rows = told.rows();
    let names = |what: &str| NUMBERS.map(|n| name(what, n));
    let draw = |what: &str, figure: &str| {
        let names = names(what);
        let names = [0, 1, 2].map(|place: usize| names[place].as_str());
        rows.series(&names, figure, Shape::Boxes)
    };
    let slopes = NUMBERS.map(|n| {
        let own = name("delay", n);
        let points = rows.points(|row| row.series == own, "latency_median_ms");
        let points: Vec<(f64, f64)> = points.iter().map(|point| (point.x, point.y)).collect();
        statistics::slope(&points)
    });
    let series = draw("delay", "latency_median_ms");
    let text = format!(
        "Latency grows by {} ms for each millisecond of delay at n = 4, by {} at n = 7 and by {} at n = 13: a request takes its way to the \
         primary, PRE-PREPARE, PREPARE and COMMIT, and the replies go back to the process that was asked. (At the primary itself the first \
         step falls away.) How many processes take part changes the work, and not the number of steps.",
        short(slopes[0]),
        short(slopes[1]),
        short(slopes[2]),
    );
    told.draw(Picture {
        name: "latency",
        title: "Latency of a request, against the delay of every message",
        x: Axis::of("delay of a message (ms)", Scale::Linear),
        y: Axis::of("median latency (ms)", Scale::Linear),
        series,
        text,
        ..Picture::default()
    });
    let series = draw("jitter", "latency_median_ms");
    told.draw(Picture {
        name: "jitter",
        title: "Latency of a request, against jitter around 20 ms",
        x: Axis::of("jitter (± ms)", Scale::Linear),
        y: Axis::of("median latency (ms)", Scale::Linear),
        series,
        text: "Jitter leaves the mean of 20 ms as it is. A step waits for the slowest of the fastest 2f+1 messages, not for the slowest of \
               all, so f late messages do no harm: about two thirds of the messages of a step are needed, which arrive a little after the \
               mean. With more processes that place is nearer to what is expected, and varies less."
            .to_owned(),
        ..Picture::default()
    });
    let series = draw("loss", "latency_p99_ms");
    told.draw(Picture {
        name: "loss",
        title: "The slowest requests, against loss",
        x: Axis::of("messages lost (%)", Scale::Linear),
        y: Axis::of("99th percentile of latency (ms)", Scale::Log),
        series,
        text: "Of n votes 2f+1 are enough, so most losses are not noticed at all. What costs time is a PRE-PREPARE that too many have not \
               got, or votes of which too many are lost: then the next STANDING, within 100 ms, shows what is missing, and it is sent again. \
               So the slowest requests take multiples of 100 ms."
            .to_owned(),
        ..Picture::default()
    });
    let series = draw("loss", "messages_per_request");
    told.draw(Picture {
        name: "messages",
        title: "Messages for one request, against loss",
        x: Axis::of("messages lost (%)", Scale::Linear),
        y: Axis::of("messages per request", Scale::Log),
        series,
        text: "What is lost is sent again only where it is missing, so loss makes few messages more. Most of what is counted here is the \
               STANDINGs that all send each other ten times a second: there are two rounds of them in the 200 ms between two requests."
            .to_owned(),
        ..Picture::default()
    });
    let fits = slopes
        .iter()
        .all(|slope| slope.is_some_and(|slope| (4.0..=5.1).contains(&slope)));
    let seen = slopes.map(short).join(", ");
    told.find(
        "A request takes 4 steps at the primary and 5 elsewhere, whatever f is.",
        format!("{seen} ms for each ms of delay, with n = 4, 7 and 13"),
        fits,
    );
    told.all_are_answered("Up to 20 % loss leaves every request answered.");
}
