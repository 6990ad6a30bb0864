//! A measurement as a table, as JSON and as CSV.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::bench::figures::{FIGURES, Figure, Run, Spread};
use crate::bench::machine::Machine;
use crate::bench::plan::Plan;
use crate::options::BenchFormat;
use crate::render::columns::{fitted, paragraphs, terminal_width};
use crate::render::json::{rounded, text};

/// The figure that counts something, and so has no decimals.
const COUNT: &str = "count";

/// A measurement that has ended.
pub(crate) struct Report<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) runs: Vec<Run>,
    pub(crate) machine: Machine,
    /// Whether all runs were taken to their end.
    pub(crate) complete: bool,
}

impl Report<'_> {
    pub(crate) fn render(&self, format: BenchFormat) -> anyhow::Result<String> {
        match format {
            BenchFormat::Table => Ok(self.table()),
            BenchFormat::Json => text(&self.object()),
            BenchFormat::Csv => self.csv(),
        }
    }

    fn table(&self) -> String {
        let rows = FIGURES
            .iter()
            .filter_map(|figure| self.row(figure))
            .collect::<Vec<_>>();
        let median = match self.runs.len() {
            1 => "1 run".to_owned(),
            runs => format!("median of {runs} runs"),
        };
        let header = ["", &median, "lowest to highest", "ratio"];
        // With one run there is no spread, and without --compare nothing stands beside.
        let shown = [true, true, self.runs.len() > 1, self.plan.compare];
        let header = only(shown, header);
        let rows: Vec<_> = rows.into_iter().map(|row| only(shown, row)).collect();
        let table = fitted(&header, &rows, terminal_width());
        format!("{table}\n{}\n", paragraphs(&self.sentences()))
    }

    /// A line of the table; `None` for a figure that stands beside another one, or was not asked for.
    fn row(&self, figure: &Figure) -> Option<[String; 4]> {
        let (one, many) = (self.plan.one(), self.plan.many());
        let name = match figure.name {
            COUNT => many.to_owned(),
            "elapsed_s" => "time".to_owned(),
            "per_second" => format!("{many} per second"),
            "p50_ms" => "median latency".to_owned(),
            "p95_ms" => "95th percentile".to_owned(),
            "p99_ms" => "99th percentile".to_owned(),
            "p999_ms" => "99.9th percentile".to_owned(),
            "max_ms" => "slowest".to_owned(),
            "messages_each" => format!("messages per {one}"),
            "bytes_each" => format!("bytes per {one}"),
            "client_cpu_percent" => "client's processor time".to_owned(),
            "e1_ms" if self.plan.compare => "E1: 1 connection".to_owned(),
            "e32_per_second" if self.plan.compare => "E32: 32 connections".to_owned(),
            _ => return None,
        };
        let shown = |value| shown(figure.name, value);
        let spread = Spread::over(&self.runs, figure);
        let median = spread.map_or("-".to_owned(), |spread| shown(spread.median));
        let range = spread.map_or("-".to_owned(), |spread| {
            let digits = if figure.name == COUNT {
                count
            } else {
                three_digits
            };
            let [lowest, highest] = [spread.lowest, spread.highest].map(digits);
            format!("{lowest} to {highest}")
        });
        let ratio = match figure.name {
            "p50_ms" => self.ratio("p50_in_e1", "E1"),
            "per_second" => self.ratio("per_second_in_e32", "E32"),
            _ => String::new(),
        };
        Some([name, median, range, ratio])
    }

    /// `6.9 x E1`: the median of the runs' ratios.
    fn ratio(&self, name: &str, unit: &str) -> String {
        let figure = FIGURES.iter().find(|figure| figure.name == name);
        let spread = figure.and_then(|figure| Spread::over(&self.runs, figure));
        spread.map_or_else(String::new, |spread| {
            format!("{} x {unit}", two_digits(spread.median))
        })
    }

    /// What was measured on what, one fact a sentence.
    fn sentences(&self) -> Vec<String> {
        let mut sentences = vec![format!(
            "{} {}",
            self.plan.sentence(),
            self.plan.warmup_sentence()
        )];
        if self.plan.compare {
            sentences.push(
                "E1 and E32 are the endpoint's empty method: its median latency with 1 connection, its calls per second with 32."
                    .to_owned(),
            );
        }
        if !self.complete {
            sentences.push("The measurement was stopped before its end.".to_owned());
        }
        sentences.push(self.machine.sentence());
        sentences
    }

    fn object(&self) -> Object<'_> {
        let spread = |figure: &Figure| {
            let spread = Spread::over(&self.runs, figure);
            Summary {
                figure: figure.name,
                median: spread.map(|spread| number(spread.median, figure.name)),
                lowest: spread.map(|spread| number(spread.lowest, figure.name)),
                highest: spread.map(|spread| number(spread.highest, figure.name)),
            }
        };
        Object {
            complete: self.complete,
            measured: self.plan.many(),
            clients: self.plan.clients,
            per_call: self.plan.per_call,
            rate_per_second: self.plan.rate,
            warmup_per_client: self.plan.warmup,
            machine: &self.machine,
            summary: FIGURES.iter().map(spread).collect(),
            runs: self.runs.iter().map(Figures).collect(),
        }
    }

    fn csv(&self) -> anyhow::Result<String> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let conditions = ["run", "measured", "clients", "per_call", "rate_per_second"];
        let figures = FIGURES.iter().map(|figure| figure.name);
        let machine = self.machine.fields();
        let names = conditions
            .into_iter()
            .chain(figures)
            .chain(machine.iter().map(|(name, _)| *name));
        writer.write_record(names)?;
        for run in &self.runs {
            let conditions = [
                run.number.to_string(),
                self.plan.many().to_owned(),
                self.plan.clients.to_string(),
                self.plan.per_call.to_string(),
                self.plan
                    .rate
                    .map_or_else(String::new, |rate| rate.to_string()),
            ];
            let figures = FIGURES.iter().map(|figure| {
                let value = (figure.of)(run).map(rounded);
                value.map_or_else(String::new, |value| value.to_string())
            });
            let machine = machine.iter().map(|(_, value)| value.clone());
            writer.write_record(conditions.into_iter().chain(figures).chain(machine))?;
        }
        Ok(String::from_utf8(writer.into_inner()?)?)
    }
}

fn only<T, const N: usize>(shown: [bool; N], cells: [T; N]) -> Vec<T> {
    let cells = shown.into_iter().zip(cells);
    cells
        .filter_map(|(shown, cell)| shown.then_some(cell))
        .collect()
}

/// A value with its unit, for people. The end of the name says which unit it is.
fn shown(name: &str, value: f64) -> String {
    if name == COUNT {
        return count(value);
    }
    if name.ends_with("_ms") {
        return format!("{} ms", three_digits(value));
    }
    if name.ends_with("_s") {
        return format!("{} s", three_digits(value));
    }
    if name.ends_with("_percent") {
        return format!("{value:.0} % of a core");
    }
    if name.ends_with("per_second") {
        return format!("{}/s", three_digits(value));
    }
    three_digits(value)
}

/// `80`, `20,300`: how many rounds or operations there were. The median of two runs may lie between two numbers: `80.5`.
fn count(value: f64) -> String {
    match value.fract() {
        0.0 => thousands(value as u64),
        _ => format!("{value:.1}"),
    }
}

/// `0.116`, `1.77`, `17.7`, `177`, `20,300`: at least three digits that count, and commas between thousands.
fn three_digits(value: f64) -> String {
    match value.abs() {
        size if size < 0.9995 => format!("{value:.3}"),
        size if size < 9.995 => format!("{value:.2}"),
        size if size < 99.95 => format!("{value:.1}"),
        _ => thousands(value.round() as u64),
    }
}

/// `0.36`, `6.9`, `17`: a ratio.
fn two_digits(value: f64) -> String {
    match value.abs() {
        size if size < 0.995 => format!("{value:.2}"),
        size if size < 9.95 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

fn thousands(number: u64) -> String {
    let (more, last) = (number / 1000, number % 1000);
    if more == 0 {
        return last.to_string();
    }
    format!("{},{last:03}", thousands(more))
}

#[derive(Serialize)]
struct Object<'a> {
    complete: bool,
    measured: &'static str,
    clients: u64,
    per_call: u64,
    rate_per_second: Option<u64>,
    warmup_per_client: u64,
    machine: &'a Machine,
    summary: Vec<Summary>,
    runs: Vec<Figures<'a>>,
}

/// A figure over all runs; `None` if no run has it.
#[derive(Serialize)]
struct Summary {
    figure: &'static str,
    median: Option<Number>,
    lowest: Option<Number>,
    highest: Option<Number>,
}

/// A value in JSON.
#[derive(Serialize)]
#[serde(untagged)]
enum Number {
    Whole(u64),
    Decimal(f64),
}

fn number(value: f64, name: &str) -> Number {
    match value.fract() {
        0.0 if name == COUNT => Number::Whole(value as u64),
        _ => Number::Decimal(rounded(value)),
    }
}

/// The figures of a run as a JSON object.
struct Figures<'a>(&'a Run);

impl Serialize for Figures<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(Some(FIGURES.len()))?;
        for figure in &FIGURES {
            let value = (figure.of)(self.0).map(|value| number(value, figure.name));
            members.serialize_entry(figure.name, &value)?;
        }
        members.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::figures::tests::run;
    use crate::bench::plan::tests::plan;
    use crate::bench::traffic::Sent;

    const SENT: Sent = Sent {
        messages: 4000,
        bytes: 100_000,
    };

    fn report(plan: &Plan, runs: Vec<Run>, complete: bool) -> Report<'_> {
        Report {
            plan,
            runs,
            machine: Machine {
                processor: Some("Abacus, wooden".to_owned()),
                cores: Some(2),
                kernel: Some("6.1.0".to_owned()),
                memory_bytes: None,
                build: "release",
                version: "0.1.0",
            },
            complete,
        }
    }

    #[test]
    fn the_table_gives_the_median_of_the_runs_their_spread_and_the_ratio_to_the_empty_method() {
        let plan = plan("--operations 50 --clients 2 --compare");
        let runs = vec![run(1, Some(SENT), true), run(2, Some(SENT), true)];
        let table = report(&plan, runs, true)
            .render(BenchFormat::Table)
            .unwrap();
        for words in [
            "median of 2 runs",
            "lowest to highest",
            "operations per second",
            "25.0 to 25.0",
            "│ 100 ",
            "│ 100 to 100 ",
            "0.50 x E32",
            "25 x E1",
            "25 % of a core",
            "2.00 ms",
            "Closed loop: 2 clients, and each runs operations one after the other. Each client first ran 10 operations as warm-up",
            "E1 and E32 are the endpoint's empty method",
            "Abacus, wooden, 2 cores, Linux 6.1.0; client 0.1.0, release build",
        ] {
            let table = table.replace('\n', " ");
            assert!(table.contains(words), "'{words}' is missing in:\n{table}");
        }
        assert!(!table.contains("stopped"), "{table}");
        for line in table.lines() {
            assert!(console::measure_text_width(line) <= 80, "{table}");
        }
    }

    #[test]
    fn one_run_has_no_spread_and_without_compare_nothing_stands_beside() {
        let plan = plan("--rate 25");
        let runs = vec![run(1, Some(SENT), false)];
        let table = report(&plan, runs, true)
            .render(BenchFormat::Table)
            .unwrap();
        for words in ["lowest to", "E1", "E32", "ratio"] {
            assert!(!table.contains(words), "'{words}' stands in:\n{table}");
        }
        assert!(
            table.contains("Open loop: 25 rounds are due each second"),
            "{table}"
        );
    }

    #[test]
    fn a_measurement_that_was_stopped_says_so() {
        let plan = plan("");
        let report = report(&plan, vec![run(1, None, false)], false);
        let table = report.render(BenchFormat::Table).unwrap();
        assert!(
            table.contains("The measurement was stopped before its end.\n"),
            "{table}"
        );
        let json = report.render(BenchFormat::Json).unwrap();
        let object: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(object["complete"], false);
        assert!(object["runs"][0]["messages_each"].is_null());
    }

    #[test]
    fn json_has_each_run_and_the_median_and_the_spread_of_each_figure() {
        let plan = plan("--operations 50 --clients 2 --compare");
        let runs = vec![run(1, Some(SENT), true), run(2, Some(SENT), true)];
        let json = report(&plan, runs, true).render(BenchFormat::Json).unwrap();
        let object: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(object["measured"], "operations");
        assert_eq!(object["runs"].as_array().unwrap().len(), 2);
        assert_eq!(object["runs"][1]["per_second"], 25.0);
        assert!(object["runs"][1]["count"].is_u64());
        assert_eq!(object["machine"]["processor"], "Abacus, wooden");
        let summary = object["summary"].as_array().unwrap();
        let of = |name| summary.iter().find(|row| row["figure"] == name).unwrap();
        assert_eq!(of("per_second_in_e32")["median"], 0.5);
        assert_eq!(of("per_second")["lowest"], of("per_second")["highest"]);
    }

    #[test]
    fn csv_has_a_line_for_each_run_and_quotes_what_has_a_comma() {
        let plan = plan("--operations 50 --clients 2");
        let runs = vec![run(1, Some(SENT), false), run(2, None, false)];
        let csv = report(&plan, runs, true).render(BenchFormat::Csv).unwrap();
        let lines: Vec<_> = csv.lines().collect();
        assert_eq!(lines.len(), 3, "{csv}");
        assert!(
            lines[0].starts_with(
                "run,measured,clients,per_call,rate_per_second,count,elapsed_s,per_second,p50_ms,"
            ),
            "{csv}"
        );
        assert!(lines[1].starts_with("1,operations,2,1,,100,4,25,"), "{csv}");
        assert!(
            lines[1].contains(",40,1000,25,,,,,\"Abacus, wooden\",2,6.1.0,,release,0.1.0"),
            "{csv}"
        );
        assert!(lines[2].contains(",,,25,"), "{csv}");
    }

    #[test]
    fn numbers_have_the_digits_that_count() {
        for (value, digits) in [
            (0.116, "0.116"),
            (0.9999, "1.00"),
            (1.774, "1.77"),
            (17.74, "17.7"),
            (177.4, "177"),
            (999.6, "1,000"),
            (20_300.4, "20,300"),
            (1_002_003.0, "1,002,003"),
        ] {
            assert_eq!(three_digits(value), digits);
        }
        for (value, digits) in [
            (7.0, "7"),
            (80.0, "80"),
            (80.5, "80.5"),
            (20_300.0, "20,300"),
        ] {
            assert_eq!(count(value), digits);
        }
        for (value, digits) in [(0.356, "0.36"), (0.999, "1.0"), (6.94, "6.9"), (17.4, "17")] {
            assert_eq!(two_digits(value), digits);
        }
    }
}
