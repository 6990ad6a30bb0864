//! However one of four misbehaves, the other three agree.
#![allow(clippy::unwrap_used)]

mod support;

use quorate_fault::behaviour::REGISTRY;
use support::{assert_decided, client};

fn assert_others_agree(faulty: &str, others: &[&str]) {
    let output = client(&["--spawn", "--format", "lines", "--faulty", faulty]);
    assert_decided(&output, others, "attack");
}

#[test]
fn however_the_first_primary_misbehaves_the_others_agree() {
    for entry in REGISTRY {
        assert_others_agree(&format!("P={}", entry.example), &["Q", "R", "S"]);
    }
}

#[test]
fn however_a_backup_misbehaves_the_others_agree() {
    for entry in REGISTRY {
        assert_others_agree(&format!("S={}", entry.example), &["P", "Q", "R"]);
    }
}

#[test]
fn a_fault_may_show_only_sometimes() {
    assert_others_agree("R=equivocate@after=2s", &["P", "Q", "S"]);
    assert_others_agree("S=lie@slots=3-9@chance=25%", &["P", "Q", "R"]);
    assert_others_agree("Q=silent@views=0-1", &["P", "R", "S"]);
    assert_others_agree("P=crash@slots=1-2@chance=50%", &["Q", "R", "S"]);
}
