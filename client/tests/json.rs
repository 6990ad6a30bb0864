//! `docs/json.md` lists the members of what the commands print with `--format json`, all of them and no others.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;

use serde_json::Value;
use support::{Processes, client};

/// The members in the table under a heading of the page.
fn listed(heading: &str) -> BTreeSet<String> {
    let page = include_str!("../../docs/json.md");
    let (_, section) = page.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    let members = rows.map(|row| row.split_once('`').unwrap().0.to_owned());
    members.collect()
}

/// The members of an object, as the page writes them: `processes[].ballots[].decision`.
fn members(object: &Value) -> BTreeSet<String> {
    let mut members = BTreeSet::new();
    gather(object, "", &mut members);
    members
}

fn gather(value: &Value, path: &str, members: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                let dot = if path.is_empty() { "" } else { "." };
                gather(value, &format!("{path}{dot}{name}"), members);
            }
        }
        Value::Array(values) => {
            for value in values {
                gather(value, &format!("{path}[]"), members);
            }
        }
        _ => {
            members.insert(path.to_owned());
        }
    }
}

#[test]
fn the_page_lists_the_members_that_each_command_prints() {
    let processes = Processes::start(4, "none");
    processes.client(&["--format", "lines"]);
    for (heading, arguments) in [
        ("client status", &["status"][..]),
        ("client submit", &["submit", "set x=42"]),
        ("client submit", &["submit", "get y"]),
        ("client read", &["read", "x"]),
        ("client read", &["read", "y"]),
        ("client bench", &["bench", "--rounds", "1"]),
        ("client fault", &["fault", "Q"]),
        ("client fault", &["heal"]),
        ("What all objects share", &["submit", "sing"]),
    ] {
        let output = processes.client(&[arguments, &["--format", "json"]].concat());
        let object = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(members(&object), listed(heading), "{arguments:?}");
    }
}

#[test]
fn the_members_of_operations_are_those_of_rounds_with_another_name() {
    let arguments = "bench --spawn --faulty none --operations 1 --format json";
    let output = client(&arguments.split(' ').collect::<Vec<_>>());
    let object = serde_json::from_slice(&output.stdout).unwrap();
    let rounds: BTreeSet<_> = members(&object)
        .iter()
        .map(|member| member.replace("operation", "round"))
        .collect();
    assert_eq!(rounds, listed("client bench"));
}

#[test]
fn the_version_comes_first_and_no_number_has_more_than_3_decimals() {
    let processes = Processes::start(4, "none");
    for arguments in [&["status"][..], &["bench", "--rounds", "1"], &["heal"], &[]] {
        let output = processes.client(&[arguments, &["--format", "json"]].concat());
        let printed = support::printed(&output);
        assert!(printed.starts_with("{\n  \"v\": 1,\n"), "{printed}");
        let words = printed.split([' ', ',', '\n']);
        for number in words.filter(|word| word.parse::<f64>().is_ok()) {
            let decimals = number.split_once('.').map_or("", |(_, decimals)| decimals);
            assert!(decimals.len() <= 3, "{number} in {printed}");
        }
    }
}
