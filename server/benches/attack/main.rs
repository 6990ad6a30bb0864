//! What attacks and heavy loads cost live processes. Each row of the table has a limit and a verdict.
//!
//!     cargo bench -p quorate-server --bench attack [-- ROW...]
//!
//! Without a name all rows are measured, one after another; together they take some minutes. The exit status is 1 if a row is not
//! good, and 2 if there is no row of a given name.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and one that cannot measure has nothing better to do"
)]

mod flood;
mod idle;
mod latency;
mod load;
mod primary;
mod readers;
mod store;
#[path = "../../tests/support/mod.rs"]
mod support;

use std::panic;
use std::process::ExitCode;

/// All rows, in the order of the table. To add one: a file beside this one with its `Row`, and a line here.
const ROWS: &[Row] = &[
    flood::NAMES,
    flood::HTTP,
    idle::ROW,
    load::ROW,
    primary::IN_MEMORY,
    primary::ON_DISK,
    readers::ROW,
    store::CHECKPOINTS,
    store::TAKEOVER,
];

/// One row of the table.
struct Row {
    /// What the command line calls it.
    name: &'static str,
    /// What is done, and what is measured.
    what: &'static str,
    /// The bound, with its unit.
    limit: &'static str,
    /// Starts processes of its own and ends them. A panic makes the row bad.
    measure: fn() -> Measured,
}

/// What came of a row.
struct Measured {
    /// The figures, with their units.
    found: String,
    /// Whether they keep the limit.
    good: bool,
}

fn main() -> ExitCode {
    // Cargo passes --bench to every benchmark.
    let arguments = std::env::args().skip(1);
    let wanted: Vec<String> = arguments.filter(|one| one != "--bench").collect();
    let unknown = wanted
        .iter()
        .find(|one| ROWS.iter().all(|row| row.name != **one));
    if let Some(unknown) = unknown {
        let names: Vec<_> = ROWS.iter().map(|row| row.name).collect();
        eprintln!("error: there is no row {unknown}: use {}", names.join(", "));
        return ExitCode::from(2);
    }
    let chosen = |row: &&Row| wanted.is_empty() || wanted.iter().any(|one| one == row.name);
    let bad = ROWS.iter().filter(chosen).filter(|row| !judge(row)).count();
    ExitCode::from(u8::from(bad > 0))
}

/// Measures a row and prints it. Returns whether it is good.
fn judge(row: &Row) -> bool {
    println!("{}: {}", row.name, row.what);
    let measured = panic::catch_unwind(row.measure).unwrap_or_else(|_| Measured {
        found: "not measured: the reason stands above".to_owned(),
        good: false,
    });
    let verdict = if measured.good { "good" } else { "NOT GOOD" };
    println!(
        "    {verdict}: {}; the limit is {}",
        measured.found, row.limit
    );
    measured.good
}
