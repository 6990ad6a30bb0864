//! `docs/pbft.md` names the code and the tests of each rule and scenario. These tests check that the names exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

fn read(path: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The texts between backquotes in a line.
fn quoted(line: &str) -> Vec<&str> {
    line.split('`').skip(1).step_by(2).collect()
}

/// The tests in these files whose names have the form `kind_NN_...`, as `kind_NN_`.
fn tests_of(kind: &str, files: &[String]) -> BTreeSet<String> {
    let texts: Vec<String> = files.iter().map(|file| read(file)).collect();
    texts
        .iter()
        .flat_map(|text| text.lines())
        .map(|line| line.strip_prefix("pub(crate) ").unwrap_or(line))
        .filter_map(|line| line.strip_prefix("fn "))
        .filter(|name| name.starts_with(kind))
        .filter_map(|name| name.get(..kind.len() + "_NN_".len()))
        .map(str::to_owned)
        .collect()
}

/// The table rows whose last column names tests of this kind.
fn rows(kind: &str) -> Vec<String> {
    let start = format!("`{kind}_");
    read("../docs/pbft.md")
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains(&start))
        .map(str::to_owned)
        .collect()
}

/// The files of a folder.
fn files_in(folder: &str) -> Vec<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder);
    fs::read_dir(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        .map(|entry| entry.expect("it can be read").file_name())
        .map(|name| format!("{folder}/{}", name.display()))
        .collect()
}

fn assert_table_is_true(kind: &str, tests_in: &[String]) {
    let rows = rows(kind);
    let named: BTreeSet<String> = rows
        .iter()
        .filter_map(|row| quoted(row).last().map(|name| (*name).to_owned()))
        .collect();
    assert_eq!(
        named,
        tests_of(kind, tests_in),
        "docs/pbft.md names other tests than {tests_in:?} have"
    );
    for row in &rows {
        let number = row.split('|').nth(1).map(str::trim).unwrap_or_default();
        let name = format!("{kind}_{number:0>2}_");
        assert_eq!(quoted(row).last(), Some(&name.as_str()), "{row}");
        for file in quoted(row).iter().filter(|word| word.ends_with(".rs")) {
            read(&format!("src/{file}"));
        }
    }
}

#[test]
fn the_table_of_rules_names_code_and_tests_that_exist_and_leaves_no_test_out() {
    assert_table_is_true("rule", &files_in("tests/rules"));
}

#[test]
fn the_table_of_scenarios_leaves_no_test_out() {
    assert_table_is_true("scenario", &files_in("tests/scenarios"));
}
