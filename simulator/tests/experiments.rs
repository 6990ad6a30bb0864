//! What theory says of each experiment comes out, with two seeds a point.
#![allow(clippy::unwrap_used)]

use quorate_report::Section;
use quorate_simulator::experiment::{ALL, Size, find};

/// An experiment with so few seeds a point that it takes seconds.
fn section(name: &str, seeds: u64) -> Section {
    let experiment = find(name).unwrap();
    let mut cases = experiment.cases(Size::Quick);
    let mut played = Vec::new();
    for case in &mut cases {
        case.seeds = seeds;
        for seed in 0..seeds {
            played.extend(experiment.play(case, seed, &|| false).unwrap());
        }
    }
    experiment.section(&cases, played)
}

fn holds(name: &str, seeds: u64) -> Section {
    let section = section(name, seeds);
    let wrong: Vec<_> = section.findings.iter().filter(|one| !one.holds).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(section.findings.len() > 2, "{:#?}", section.findings);
    for chart in &section.charts {
        let points = chart.series.iter().map(|one| one.points.len());
        assert!(points.sum::<usize>() > 0, "{} has points", chart.name);
        assert!(!chart.text.is_empty(), "{} is explained", chart.name);
        assert!(
            !chart.text.contains("nothing ms"),
            "{}: {}",
            chart.name,
            chart.text
        );
    }
    assert_eq!(section.cut_short, None);
    section
}

#[test]
fn a_slot_costs_what_the_paper_says_and_each_silent_backup_leaves_out_its_votes() {
    let section = holds("messages", 1);
    let of_four = section.rows.iter().find(|row| row.x == 4.0).unwrap();
    assert_eq!(of_four.figure("agreement_messages_per_request"), Some(24.0));
    holds("faults", 1);
}

#[test]
fn nobody_disagrees_up_to_f_liars_of_3f_plus_1_and_some_do_beyond() {
    holds("bound", 5);
}

#[test]
fn a_crash_costs_a_view_only_at_the_primary() {
    holds("crashes", 2);
}

#[test]
fn no_misbehaviour_of_a_backup_costs_a_view() {
    holds("byzantine", 1);
}

#[test]
fn a_gap_costs_a_view() {
    holds("slots", 2);
}

#[test]
fn a_request_takes_five_steps_whatever_f_is() {
    holds("delay", 1);
}

#[test]
fn a_tampered_store_is_repaired_and_reads_are_right_meanwhile() {
    holds("store", 2);
}

#[test]
fn a_read_without_ordering_takes_two_messages_a_process() {
    holds("reads", 1);
}

#[test]
fn the_same_seed_has_the_same_row_and_each_case_a_file_of_its_own() {
    let experiment = find("messages").unwrap();
    let case = &experiment.cases(Size::Quick)[0];
    let row = || experiment.play(case, 7, &|| false).unwrap().unwrap().row;
    assert_eq!(row(), row());
    for experiment in ALL {
        for size in [Size::Quick, Size::Full] {
            let cases = experiment.cases(size);
            let mut files: Vec<String> = cases.iter().map(|case| experiment.file(case)).collect();
            files.sort();
            files.dedup();
            assert_eq!(files.len(), cases.len(), "{}", experiment.name);
            for case in &cases {
                case.plan.check().unwrap();
            }
        }
    }
}

#[test]
fn runs_that_are_missing_leave_the_findings_open() {
    let experiment = find("messages").unwrap();
    let cases = experiment.cases(Size::Quick);
    let first = experiment.play(&cases[0], 0, &|| false).unwrap().unwrap();
    let section = experiment.section(&cases, vec![first]);
    assert!(section.findings.is_empty());
    assert!(section.cut_short.unwrap().contains("after 1 of 60 runs"));
    assert!(!section.charts.is_empty());
    let nothing = experiment.play(&cases[0], 0, &|| true).unwrap();
    assert!(nothing.is_none(), "a stopped run is none");
}
