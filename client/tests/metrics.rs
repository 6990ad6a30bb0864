//! `GET /metrics`: what the processes count, as `docs/metrics.md` says.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use support::{Folder, Processes, complained, eventually, printed, run};

/// The samples of a page: each with its labels as they are written.
type Page = BTreeMap<String, f64>;

fn get(processes: &Processes, at: usize) -> String {
    let mut curl = Command::new("curl");
    let url = format!("http://localhost:{}/metrics", processes.ports()[at]);
    curl.args(["--silent", "--show-error", "--fail", &url]);
    let output = run(curl);
    assert!(output.status.success(), "{}", complained(&output));
    printed(&output)
}

fn page(processes: &Processes, at: usize) -> Page {
    let text = get(processes, at);
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let samples = samples.map(|line| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        (name.to_owned(), value.parse().unwrap())
    });
    samples.collect()
}

/// The sum of a metric over all its labels.
fn sum(page: &Page, metric: &str) -> f64 {
    let of_metric = page
        .iter()
        .filter(|(name, _)| name.split('{').next() == Some(metric));
    of_metric.map(|(_, value)| value).sum()
}

fn is_whole(page: &Page, metric: &str) -> bool {
    let whole = sum(page, metric);
    whole > 0.0 && whole.fract() == 0.0
}

#[test]
fn the_documented_metrics_are_there_and_no_others() {
    let processes = Processes::start(4, "none");
    // A call that was made, so that its histogram is there.
    assert!(processes.client(&["submit", "set x=42"]).status.success());
    let page = get(&processes, 0);
    let types = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let there: BTreeSet<&str> = types.map(|line| line.split(' ').next().unwrap()).collect();
    let rows = include_str!("../../docs/metrics.md").lines();
    let names = rows.filter_map(|row| row.strip_prefix("| `")?.split_once("` |"));
    let documented: BTreeSet<&str> = names.map(|(name, _)| name).collect();
    assert_eq!(there, documented);
}

#[test]
fn the_documented_labels_are_there() {
    let processes = Processes::start(4, "none");
    assert!(processes.client(&["submit", "set x=42"]).status.success());
    let page = page(&processes, 0);
    for row in include_str!("../../docs/metrics.md").lines() {
        let Some((name, rest)) = row
            .strip_prefix("| `")
            .and_then(|row| row.split_once("` |"))
        else {
            continue;
        };
        let labels = rest.split('|').next().unwrap().replace('`', "");
        for label in labels
            .split(',')
            .map(str::trim)
            .filter(|label| !label.is_empty())
        {
            let starts = [format!("{name}{{"), format!("{name}_count{{")];
            let has = |sample: &String| {
                starts.iter().any(|start| sample.starts_with(start))
                    && sample.contains(&format!("{label}=\""))
            };
            assert!(page.keys().any(has), "{name} has no {label}");
        }
    }
}

#[test]
fn a_request_is_counted_in_every_phase_and_every_message_is_looked_at() {
    let processes = Processes::start(4, "none");
    for value in 1..=3 {
        let set = format!("set x={value}");
        assert!(processes.client(&["submit", &set]).status.success());
    }
    // The answer needs f+1 executions; the others follow.
    eventually("all have executed", || {
        (0..4).all(|at| sum(&page(&processes, at), "quorate_executed_slot") == 3.0)
    });
    for at in 0..4 {
        let page = page(&processes, at);
        for (name, value) in [
            ("quorate_batch_requests_sum", 3.0),
            ("quorate_batch_requests_count", 3.0),
            (r#"quorate_phase_seconds_count{phase="prepared"}"#, 3.0),
            (r#"quorate_phase_seconds_count{phase="committed"}"#, 3.0),
            (r#"quorate_phase_seconds_count{phase="executed"}"#, 3.0),
            ("quorate_fsync_seconds_count", 0.0),
            ("quorate_faulty", 0.0),
            ("quorate_primary", if at == 0 { 1.0 } else { 0.0 }),
        ] {
            assert_eq!(page.get(name), Some(&value), "{name} at {at}");
        }
        assert_eq!(
            sum(&page, "quorate_messages_refused_total"),
            0.0,
            "nobody lies"
        );
        for name in [
            "quorate_messages_sent_total",
            "quorate_sent_bytes_total",
            "process_resident_memory_bytes",
        ] {
            assert!(is_whole(&page, name), "{name} at {at}");
        }
        assert!(sum(&page, "process_start_time_seconds") > 1.6e9);
    }
    // A message that has just come is looked at in the turn that begins then.
    eventually("every message was verified, skipped or refused", || {
        (0..4).all(|at| {
            let page = page(&processes, at);
            let of = |what: &str| sum(&page, &format!("quorate_messages_{what}_total"));
            of("verified") + of("skipped") + of("refused") == of("received")
        })
    });
    let proposed = page(&processes, 0)[r#"quorate_messages_sent_total{kind="pre-prepare"}"#];
    assert_eq!(proposed, 9.0, "three proposals, each to three backups");
    let calls: f64 = (0..4)
        .map(|at| sum(&page(&processes, at), "quorate_call_seconds_count"))
        .sum();
    assert_eq!(calls, 3.0);
}

#[test]
fn what_is_damaged_is_refused_and_what_is_sent_to_the_absent_waits() {
    let processes = Processes::start(4, "P=corrupt");
    assert!(processes.client(&["submit", "set x=42"]).status.success());
    eventually("Q refuses a message of P", || {
        sum(&page(&processes, 1), "quorate_messages_refused_total") > 0.0
    });
    let p = page(&processes, 0);
    assert_eq!(p["quorate_faulty"], 1.0);
    processes.signal("S", "STOP");
    let queue = r#"quorate_outbox_bytes{peer="S"}"#;
    let grows = || page(&processes, 1)[queue] > 0.0 || page(&processes, 2)[queue] > 0.0;
    let value = "x".repeat(50_000);
    let set = format!("set x={value}");
    eventually("something waits for S", || {
        processes.client(&["submit", &set]);
        grows()
    });
    processes.signal("S", "CONT");
}

#[test]
fn a_view_change_and_writes_to_disk_are_counted() {
    let folder = Folder::new("metrics");
    let processes = Processes::start_in(folder.path());
    processes.kill("P");
    assert!(processes.client(&["submit", "set x=42"]).status.success());
    eventually("Q, R and S count a view change and their writes", || {
        (1..4).all(|at| {
            let page = page(&processes, at);
            sum(&page, "quorate_view_changes_total") >= 1.0
                && page["quorate_view"] >= 1.0
                && page["quorate_fsync_seconds_count"] >= 1.0
                && page["quorate_fsync_seconds_sum"] > 0.0
        })
    });
}

/// Reads a page with the parser of Prometheus' own Python library, and prints the names and types.
const PARSE: &str = "
import sys
from prometheus_client.parser import text_string_to_metric_families
for family in text_string_to_metric_families(sys.argv[1]):
    print(family.name, family.type, len(family.samples))
";

#[test]
fn prometheus_own_parser_reads_the_page() {
    let python = std::env::var("QUORATE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let mut look = Command::new(&python);
    look.args(["-c", "import prometheus_client"]);
    if !run(look).status.success() {
        assert!(
            std::env::var_os("QUORATE_ALL_TESTS").is_none(),
            "{python} has no prometheus_client"
        );
        eprintln!(
            "skipped: {python} has no prometheus_client; name one that has as QUORATE_PYTHON"
        );
        return;
    }
    let processes = Processes::start(4, "none");
    assert!(processes.client(&["submit", "set x=42"]).status.success());
    let page = get(&processes, 0);
    let mut parse = Command::new(&python);
    parse.args(["-c", PARSE, &page]);
    let output = run(parse);
    assert!(output.status.success(), "{}", complained(&output));
    let families = printed(&output);
    let typed = page
        .lines()
        .filter(|line| line.starts_with("# TYPE "))
        .count();
    assert_eq!(families.lines().count(), typed, "{families}");
    for line in families.lines() {
        let unknown = line.contains(" unknown ") || line.ends_with(" 0");
        assert!(!unknown, "{line}");
    }
}

#[test]
fn the_page_is_refused_as_a_call_would_be() {
    let processes = Processes::start(4, "none");
    let url = format!("http://localhost:{}/metrics", processes.ports()[0]);
    for (arguments, status) in [
        (&[][..], "200"),
        (&["--head"], "200"),
        (&["--header", "Origin: http://localhost"], "000"),
        (&["--header", "Sec-Fetch-Site: cross-site"], "000"),
        (&["--header", "Sec-Fetch-Site: none"], "200"),
        (&["--header", "Host: evil.example"], "403"),
        (&["--data", "x"], "405"),
    ] {
        let mut curl = Command::new("curl");
        curl.args([
            "--silent",
            "--output",
            "/dev/null",
            "--write-out",
            "%{http_code}",
        ]);
        curl.args(arguments).arg(&url);
        assert_eq!(printed(&run(curl)), status, "{arguments:?}");
    }
}
