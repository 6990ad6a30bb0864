//! What the verdict says: agreement, validity and the bound, in words and as JSON.

use serde_json::{Value, json};

use crate::support::{assert_bad, assert_good, maelstrom, play};

fn judged(program: &str, options: &str) -> (Option<i32>, Value) {
    let ended = play(program, &format!("--format json {options}"));
    assert_eq!(ended.printed.lines().count(), 1, "{ended:?}");
    assert!(ended.printed.starts_with(r#"{"v":1,"verdict":"#));
    let value = serde_json::from_str(&ended.printed);
    (ended.status, value.expect("it is JSON"))
}

#[test]
fn a_good_run_says_all_three_facts() {
    let ended = assert_good("pbft.py", "--silent n4");
    for words in [
        "agreement: the correct nodes decided alike",
        "validity: clients had asked for all that was decided",
        "bound: 1 of 4 processes is faulty, at most 1 is survived",
    ] {
        assert!(ended.printed.contains(words), "'{words}': {ended:?}");
    }
    assert!(!ended.complained.contains("warning"), "{ended:?}");
}

#[test]
fn broken_agreement_is_said_and_beyond_the_bound_it_is_to_be_expected() {
    assert_bad(
        "pbft.py",
        "--liar n1=equivocate --seed 2 -- --bug believes",
        &["agreement: broken", "verdict: not good"],
    );
    let options = "--liar n1=equivocate,n2=drop --seed 2 -- --bug believes";
    assert_bad(
        "pbft.py",
        options,
        &[
            "agreement: broken",
            "bound: 2 of 4 processes are faulty",
            "beyond the bound this is to be expected",
        ],
    );
}

#[test]
fn what_no_client_asked_for_breaks_validity() {
    assert_bad(
        "pbft.py",
        "-- --bug makes-up",
        &[
            "not asked for: slot 1 is executed with operation 'set x=666'",
            "validity: broken",
        ],
    );
}

#[test]
fn the_verdict_is_one_json_object_for_scripts() {
    let (status, good) = judged("pbft.py", "--requests 1 --silent n4 --seed 5");
    assert_eq!(status, Some(0), "{good}");
    for (field, value) in [
        ("verdict", json!("good")),
        ("agreement", json!("holds")),
        ("validity", json!("holds")),
        ("seed", json!(5)),
        ("requests", json!({"asked": 1, "done": 1, "missing": []})),
        (
            "bound",
            json!({"processes": 4, "faulty": 1, "survived": 1, "holds": true}),
        ),
    ] {
        assert_eq!(good[field], value, "{field}: {good}");
    }
    assert_eq!(good["nodes"][3]["made"], "silent");
    assert!(good["messages"]["sent"].as_u64() > Some(10), "{good}");
    let (status, bad) = judged("kv.py", "--workload echo --log -- --bug echo");
    assert_eq!(status, Some(1), "{bad}");
    assert_eq!(bad["verdict"], "not_good");
    assert_eq!(bad["nodes"][0]["faults"][0]["kind"], "wrong echo");
    let (status, open) = judged("pbft.py", "--silent n3,n4 --timeout 1s");
    assert_eq!((status, &open["verdict"]), (Some(0), &json!("no_decision")));
}

#[test]
fn an_error_is_json_too_where_json_was_asked_for() {
    let ended = maelstrom(&["--bin", "/nowhere/node", "--format", "json"]);
    assert_eq!(ended.status, Some(2), "{ended:?}");
    let error: Value = serde_json::from_str(&ended.printed).expect("it is JSON");
    assert_eq!(error["error"]["exit_status"], 2, "{error}");
    let message = error["error"]["message"].as_str().expect("it has a text");
    assert!(message.contains("cannot start n1"), "{message}");
}

#[test]
fn what_stands_behind_two_dashes_is_for_the_nodes_and_asks_for_no_json() {
    let ended = maelstrom(&["--bin", "node", "-n", "x", "--", "--format", "json"]);
    assert_eq!(ended.status, Some(2), "{ended:?}");
    assert_eq!(ended.printed, "");
}
