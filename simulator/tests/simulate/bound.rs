//! More faulty processes than are survived: what breaks then is told as expected.

use crate::support::{objects, simulate};

#[test]
fn a_disagreement_is_told_with_the_requests_and_as_expected_beyond_the_bound() {
    let ended = simulate("run --seed 25 --processes 4 --twins P,Q --no-shrink");
    assert_eq!(ended.status, Some(1));
    let told: Vec<_> = ended.printed.lines().skip(1).collect();
    assert_eq!(
        told,
        [
            "expected beyond the bound: agreement (rules 5 and 12: no two correct processes execute different requests in one slot)",
            "  slot 1: S executed 'set S=1' of S, R executed 'set R=1' of R; proved faulty: P, Q",
            "  2 of 4 processes are faulty, at most 1 is survived",
            "  again: simulate run --seed 25 --processes 4 --twins P,Q",
        ]
    );
    assert_eq!(
        ended.complained,
        "warning: 2 of 4 processes are faulty, at most 1 is survived: agreement is not promised\n"
    );
}

#[test]
fn three_liars_of_four_do_not_make_the_engine_look_broken() {
    let ended = simulate("sweep --seeds 0..30 --processes 4 --faulty P=lie,Q=lie,R=lie");
    assert_eq!(ended.status, Some(1), "a client outside was lied to");
    let summary = ended.printed.lines().last().unwrap_or_default();
    assert!(
        summary.starts_with("30 seeds, 0 violations of the engine, ")
            && summary.contains(" expected beyond the bound"),
        "{summary}"
    );
    assert!(!ended.printed.contains("violated:"), "{}", ended.printed);
    assert!(ended.complained.starts_with("warning: 3 of 4"));
}

#[test]
fn silent_processes_beyond_the_bound_break_nothing() {
    let ended =
        simulate("sweep --seeds 0..10 --processes 4 --faulty P=silent,Q=silent --format json");
    assert_eq!(ended.status, Some(0), "no progress is demanded: {ended:?}");
    for row in objects(&ended.printed) {
        assert_eq!(row["verdict"], "good");
        assert_eq!(row["bound"]["holds"], false);
    }
}

#[test]
fn each_row_tells_the_verdict_its_culprits_and_the_bound() {
    let ended = simulate("sweep --seeds 23..24 --processes 4 --twins P,Q --format json");
    assert_eq!(ended.status, Some(1));
    let row = &objects(&ended.printed)[0];
    assert_eq!(row["verdict"], "expected");
    assert_eq!(row["violated_rule"], "agreement");
    assert_eq!(row["culprits"], serde_json::json!(["P", "Q"]));
    assert_eq!(
        row["bound"],
        serde_json::json!({"processes": 4, "faulty": 2, "survived": 1, "holds": false})
    );
}
