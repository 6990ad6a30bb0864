//! Draws throughput against latency, as measured: closed loops of 1 to 512 clients, one operation a call and 64 a call.
//!
//!     cargo bench -p quorate-client --bench chart -- "$PWD/docs/speed.svg"
//!
//! Cargo runs it in `client/`, so a relative path would begin there.
//!
//! Each point is a run of `client bench --spawn --faulty none` with its own processes. The turns go through all points one
//! after the other, and the chart shows the medians over the turns. It is drawn here and not by `client`, so that `client`
//! carries no plotting library.
#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot measure has nothing better to do"
)]

mod common;

use std::path::PathBuf;

use clap::Parser;
use plotters::prelude::*;

use common::{figure, measure, median};

/// How many clients call at the same time, from left to right.
const CLIENTS: [u32; 10] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];
/// The lines: how many operations a call has, and the colour.
const LINES: [(u32, RGBColor); 2] = [(1, RGBColor(31, 97, 165)), (64, RGBColor(190, 80, 20))];
/// More operations under way at the same time say nothing more: they only wait.
const MOST_UNDER_WAY: u32 = 4096;
const SIZE: (u32, u32) = (800, 480);

#[derive(Parser)]
struct Options {
    /// The SVG file
    #[arg(default_value = "speed.svg")]
    file: PathBuf,
    /// About how many operations a run has in all
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..))]
    operations: u32,
    /// How often each point is measured
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    turns: u32,
    /// Cargo passes this to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What was measured with so many clients.
#[derive(Clone, Copy)]
struct Point {
    clients: u32,
    per_second: f64,
    p50_ms: f64,
}

fn main() {
    let options = Options::parse();
    let _ = options.bench;
    let mut measured = Vec::new();
    for turn in 1..=options.turns {
        for (per_call, _) in LINES {
            for clients in clients_of(per_call) {
                eprintln!(
                    "turn {turn} of {}: {clients} clients, {per_call} a call",
                    options.turns
                );
                match point(&options, clients, per_call) {
                    Ok(point) => measured.push((per_call, point)),
                    Err(complaint) => eprintln!("left out: {complaint}"),
                }
            }
        }
    }
    let lines = LINES.map(|(per_call, _)| {
        let points = measured.iter().filter(|(of, _)| *of == per_call);
        let points: Vec<_> = points.map(|(_, point)| *point).collect();
        medians(&points, per_call)
    });
    for ((per_call, _), line) in LINES.iter().zip(&lines) {
        for point in line {
            let Point {
                clients,
                per_second,
                p50_ms,
            } = point;
            println!(
                "{per_call} a call, {clients} clients: {per_second:.0}/s, median {p50_ms:.2} ms"
            );
        }
    }
    draw(&options.file, &lines);
    println!("drawn: {}", options.file.display());
}

/// How many clients call at the same time, if a call has so many operations.
fn clients_of(per_call: u32) -> impl Iterator<Item = u32> {
    let fits = move |clients: &u32| clients * per_call <= MOST_UNDER_WAY;
    CLIENTS.into_iter().filter(fits)
}

/// One run. With few clients it has fewer operations: they take long.
///
/// # Errors
/// What `client` complained about.
fn point(options: &Options, clients: u32, per_call: u32) -> Result<Point, String> {
    let calls = (options.operations / clients / per_call).clamp(5, 1000);
    let [clients_text, per_call_text, operations] =
        [clients, per_call, calls * per_call].map(|n| n.to_string());
    let run = measure(&[
        "--faulty",
        "none",
        "--warmup",
        "3",
        "--clients",
        &clients_text,
        "--per-call",
        &per_call_text,
        "--operations",
        &operations,
    ])?;
    Ok(Point {
        clients,
        per_second: figure(&run, "per_second"),
        p50_ms: figure(&run, "p50_ms"),
    })
}

/// The median of each number of clients that was measured.
fn medians(points: &[Point], per_call: u32) -> Vec<Point> {
    let of = |clients, figure: fn(&Point) -> f64| {
        let points = points.iter().filter(|point| point.clients == clients);
        median(points.map(figure).collect())
    };
    let point = |clients| Point {
        clients,
        per_second: of(clients, |point| point.per_second),
        p50_ms: of(clients, |point| point.p50_ms),
    };
    let is_measured = |point: &Point| point.per_second.is_finite();
    clients_of(per_call)
        .map(point)
        .filter(is_measured)
        .collect()
}

/// Both axes are logarithmic: throughput and latency grow by factors of a hundred.
fn draw(file: &PathBuf, lines: &[Vec<Point>]) {
    let all = || lines.iter().flatten();
    let range = |of: fn(&Point) -> f64| {
        let values = || all().map(of);
        let lowest = values().fold(f64::INFINITY, f64::min);
        let highest = values().fold(0.0, f64::max);
        (lowest / 1.5..highest * 1.5).log_scale()
    };
    let area = SVGBackend::new(file, SIZE).into_drawing_area();
    area.fill(&WHITE).unwrap();
    let mut chart = ChartBuilder::on(&area)
        .caption(
            "Throughput against latency, measured with so many clients",
            ("sans-serif", 20),
        )
        .margin(16)
        .x_label_area_size(48)
        .y_label_area_size(64)
        .build_cartesian_2d(range(|point| point.per_second), range(|point| point.p50_ms))
        .unwrap();
    chart
        .configure_mesh()
        .x_desc("operations acknowledged per second")
        .y_desc("median latency of a call, ms")
        .x_label_formatter(&f64::to_string)
        .y_label_formatter(&f64::to_string)
        .light_line_style(WHITE)
        .draw()
        .unwrap();
    for ((per_call, colour), line) in LINES.iter().zip(lines) {
        let places = || line.iter().map(|point| (point.per_second, point.p50_ms));
        let label = match per_call {
            1 => "1 operation a call".to_owned(),
            _ => format!("{per_call} operations a call"),
        };
        let colour = *colour;
        chart
            .draw_series(LineSeries::new(places(), colour.stroke_width(2)))
            .unwrap()
            .label(label)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], colour.stroke_width(2)));
        let marks = line.iter().map(|point| {
            let clients = Text::new(point.clients.to_string(), (6, -12), ("sans-serif", 11));
            EmptyElement::at((point.per_second, point.p50_ms))
                + Circle::new((0, 0), 3, colour.filled())
                + clients
        });
        chart.draw_series(marks).unwrap();
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .border_style(BLACK.mix(0.3))
        .background_style(WHITE)
        .draw()
        .unwrap();
    area.present().unwrap();
}
