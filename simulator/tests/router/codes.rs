//! What an error code promises, and that the promise is checked.

use crate::support::{assert_bad, assert_good};

fn store(bug: &str, code: u64) -> String {
    format!("-n 1 --workload lin-kv -- --bug {bug} {code}")
}

#[test]
fn a_store_that_is_not_ready_at_first_is_asked_again_until_it_is() {
    for code in [11, 14, 30] {
        let ended = assert_good("kv.py", &store("starts-late", code));
        assert!(ended.printed.contains("60 of 60 requests"), "{ended:?}");
    }
    assert_good("kv.py", "-n 1 --workload echo -- --bug starts-late 11");
}

#[test]
fn a_write_that_is_refused_for_good_and_done_is_not_linearizable() {
    for code in [11, 14, 30] {
        assert_bad(
            "kv.py",
            &store("writes-refused", code),
            &["not linearizable", "refused, so it must not happen"],
        );
    }
}

#[test]
fn a_write_whose_outcome_is_open_may_be_done() {
    for code in [0, 13, 1000, 4711] {
        assert_good("kv.py", &store("writes-refused", code));
    }
}

#[test]
fn the_outcome_of_a_read_may_be_open_too() {
    for code in [0, 13, 1001] {
        assert_good("kv.py", &store("reads-fail", code));
    }
}

#[test]
fn a_code_that_maelstrom_does_not_have_is_a_fault() {
    let words = ["n1: refused", "Maelstrom has no code 15"];
    assert_bad("kv.py", &store("reads-fail", 15), &words);
}

#[test]
fn a_store_that_refuses_for_ever_is_told_with_its_error() {
    assert_bad(
        "kv.py",
        "-n 1 --workload lin-kv --timeout 1s -- --bug refuses 11",
        &[
            "no progress",
            "c1 was refused for all that time: n1 answered with error 11: not now",
        ],
    );
    assert_bad(
        "kv.py",
        &store("refuses", 13),
        &["nothing succeeded", "error 13: not now"],
    );
}
