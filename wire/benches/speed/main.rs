//! Compares the speed of the endpoint with others, in one run on one machine: calls per second and latency of a small
//! method.
//!
//!     cargo bench -p quorate-wire --bench speed
//!
//! The contenders are this endpoint, dxr_server without changes, a bare hyper server that always gives the same answer,
//! Python's `SimpleXMLRPCServer`, and xmlrpc-c's Abyss. The run leaves out what is not installed, and says so. Each
//! contender is a process of its own on the first processor. Those in Rust use tokio's runtime with one thread, as the
//! processes of `server` do. The load comes from another process on the second processor. The contenders take turns,
//! several times, and the table shows the medians of the rounds.
#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot measure has nothing better to do"
)]

#[path = "../../tests/common/abyss.rs"]
mod abyss;
mod contenders;
mod load;
mod serve;
#[path = "../../tests/common/validator.rs"]
mod validator;

use clap::{Args, Parser, Subcommand};
use tabled::builder::Builder;
use tabled::settings::object::{Columns, Object as _, Rows};
use tabled::settings::{Alignment, Style};

use contenders::{Contender, Pinning};
use load::Figures;

/// Connections at a time: one caller, and many.
const CONNECTIONS: [usize; 2] = [1, 32];

#[derive(Parser)]
struct Options {
    #[command(subcommand)]
    part: Option<Part>,
    #[command(flatten)]
    comparison: Comparison,
    /// Cargo passes this to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Args)]
struct Comparison {
    /// How many times each contender takes its turn
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// How long a turn lasts with each number of connections
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
}

/// The processes that the comparison starts.
#[derive(Subcommand)]
enum Part {
    #[command(hide = true)]
    Serve { server: serve::Server },
    #[command(hide = true)]
    Load(load::Load),
}

fn main() {
    let options = Options::parse();
    let _ = options.bench;
    match options.part {
        Some(Part::Serve { server }) => serve::run(server),
        Some(Part::Load(load)) => load::run(&load),
        None => compare(&options.comparison),
    }
}

fn compare(comparison: &Comparison) {
    let pinning = Pinning::find();
    println!("{pinning}");
    let mut contenders = contenders::start(&pinning);
    // Before the measurement each contender warms up, because the first calls load and compile.
    for contender in &mut contenders {
        contender.measure(&pinning, 1, 0.5);
    }
    let mut rounds = Vec::new();
    for _ in 0..comparison.rounds {
        let turns = contenders.iter_mut().map(|contender| {
            CONNECTIONS.map(|count| contender.measure(&pinning, count, comparison.seconds))
        });
        rounds.push(turns.collect::<Vec<_>>());
    }
    print_table(&contenders, &rounds);
    print_ratios(&contenders, &rounds);
}

/// The figures of each contender in one round, for each number of connections.
type Round = Vec<[Figures; CONNECTIONS.len()]>;

fn print_table(contenders: &[Contender], rounds: &[Round]) {
    let mut table = Builder::new();
    let mut head = vec!["server".to_owned()];
    for count in CONNECTIONS {
        let plural = if count == 1 { "" } else { "s" };
        for what in ["calls/s", "median µs", "99th µs", "errors"] {
            head.push(format!("{what}\n{count} connection{plural}"));
        }
    }
    table.push_record(head);
    for (index, contender) in contenders.iter().enumerate() {
        let mut row = vec![contender.name.clone()];
        for which in 0..CONNECTIONS.len() {
            let figures = rounds.iter().map(|round| &round[index][which]);
            let median_of = |get: fn(&Figures) -> f64| median(figures.clone().map(get));
            row.push(format!("{:.0}", median_of(Figures::rate)));
            row.push(format!("{:.0}", median_of(|one| one.median_us)));
            row.push(format!("{:.0}", median_of(|one| one.p99_us)));
            row.push(
                figures
                    .clone()
                    .map(|one| one.errors)
                    .sum::<u64>()
                    .to_string(),
            );
        }
        table.push_record(row);
    }
    let mut table = table.build();
    table.with(Style::rounded());
    table.modify(Columns::new(1..).not(Rows::first()), Alignment::right());
    println!("{table}");
}

/// The endpoint's rate divided by each other's, turn by turn. What slows the whole machine down affects both.
fn print_ratios(contenders: &[Contender], rounds: &[Round]) {
    for (index, contender) in contenders.iter().enumerate().skip(1) {
        for (which, count) in CONNECTIONS.into_iter().enumerate() {
            let ratios = rounds
                .iter()
                .map(|round| round[0][which].rate() / round[index][which].rate());
            println!(
                "{} over {} with {count} at a time: {:.2}",
                contenders[0].name,
                contender.name,
                median(ratios)
            );
        }
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
