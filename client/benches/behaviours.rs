//! What is left of the throughput with f processes faulty, for each behaviour.
//!
//!     cargo bench -p quorate-client --bench behaviours
//!
//! Each turn measures a cluster without faults, then one for each behaviour in which the first f processes have it, the
//! primary of view 0 among them. Each is a run of `client bench --spawn` with its own processes. The warm-up is longer than
//! a slow primary is kept, so that the first view change lies before what is measured. The table shows medians over the
//! turns. It is a benchmark and not an option of `client bench`, because it is a table of many clusters, and one call of
//! `client bench` measures one.
#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot measure has nothing better to do"
)]

mod common;

use clap::Parser;
use quorate_fault::Scene;
use quorate_fault::behaviour::REGISTRY;
use tabled::builder::Builder;
use tabled::settings::Style;

use common::{figure, measure, median};

/// The part of the throughput without faults that is to be left.
const WANTED: f64 = 1.0 / 3.0;
/// The calls of each client before the measurement. A slow primary is left after eight slow requests in a row. With 64 clients not
/// every request is slow, so that takes a minute, at some 140 calls a second.
const WARM_UP: &str = "200";

#[derive(Parser)]
struct Options {
    /// How many processes
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(4..=16))]
    processes: u32,
    /// How many clients call at the same time
    #[arg(long, default_value_t = 64)]
    clients: u32,
    /// How many operations each client submits
    #[arg(long, default_value_t = 100)]
    operations: u32,
    /// How often each cluster is measured
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    turns: u32,
    /// Cargo passes this to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What came of a behaviour in all turns.
#[derive(Default)]
struct Row {
    per_second: Vec<f64>,
    /// The part of the throughput without faults, in the same turn.
    parts: Vec<f64>,
    p99_ms: Vec<f64>,
    complaint: Option<String>,
}

fn main() {
    let options = Options::parse();
    let _ = options.bench;
    let behaviours = REGISTRY.iter().filter(|entry| entry.needs == Scene::Order);
    let behaviours: Vec<_> = behaviours.map(|entry| entry.example).collect();
    let mut rows: Vec<_> = behaviours.iter().map(|_| Row::default()).collect();
    let mut free = Row::default();
    for turn in 1..=options.turns {
        eprintln!("turn {turn} of {}", options.turns);
        let of_free = free.measure(&options, "none", None);
        for (behaviour, row) in behaviours.iter().zip(&mut rows) {
            row.measure(&options, &faults(options.processes, behaviour), of_free);
        }
    }
    let mut table = Builder::default();
    table.push_record(["behaviour", "operations/s", "part", "p99", "above a third"]);
    table.push_record(free.cells("none"));
    for (behaviour, row) in behaviours.iter().zip(&rows) {
        table.push_record(row.cells(behaviour));
    }
    println!("{}", table.build().with(Style::markdown()));
}

/// `P=lie`, or `P=lie,Q=lie` for seven processes.
fn faults(processes: u32, behaviour: &str) -> String {
    let faulty = (0..(processes - 1) / 3).map(quorate_server::name_of);
    let faulty: Vec<_> = faulty.map(|name| format!("{name}={behaviour}")).collect();
    faulty.join(",")
}

impl Row {
    /// Measures one turn. Gives the operations per second, if there is such a figure.
    fn measure(&mut self, options: &Options, faulty: &str, free: Option<f64>) -> Option<f64> {
        let [processes, clients, operations] =
            [options.processes, options.clients, options.operations].map(|n| n.to_string());
        let measured = measure(&[
            "--faulty",
            faulty,
            "--processes",
            &processes,
            "--clients",
            &clients,
            "--operations",
            &operations,
            "--warmup",
            WARM_UP,
        ]);
        match measured {
            Ok(run) => {
                let per_second = figure(&run, "per_second");
                self.per_second.push(per_second);
                self.p99_ms.push(figure(&run, "p99_ms"));
                self.parts.extend(free.map(|free| per_second / free));
                Some(per_second)
            }
            Err(complaint) => {
                self.complaint.get_or_insert(complaint);
                None
            }
        }
    }

    fn cells(&self, behaviour: &str) -> [String; 5] {
        let name = behaviour.to_owned();
        if let Some(complaint) = &self.complaint {
            return [
                name,
                complaint.clone(),
                String::new(),
                String::new(),
                "no".to_owned(),
            ];
        }
        let part = median(self.parts.clone());
        let verdict = match part {
            part if part.is_nan() => "",
            part if part > WANTED => "yes",
            _ => "no",
        };
        [
            name,
            format!("{:.0}", median(self.per_second.clone())),
            if part.is_nan() {
                "1".to_owned()
            } else {
                format!("{part:.2}")
            },
            format!("{:.1} ms", median(self.p99_ms.clone())),
            verdict.to_owned(),
        ]
    }
}
