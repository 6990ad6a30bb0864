//! Rule 29: a checkpoint costs what has changed since the last one. `tree.rs` and `replies.rs` test the parts themselves.

use std::sync::Arc;

use quorate_protocol::tree::{BESIDE_BYTES, Entry, PART_BYTES, Tree};
use quorate_protocol::{Digest, Part};
use serde::{Deserialize, Serialize};

#[derive(Clone, Serialize, Deserialize)]
struct Account(u32, Vec<u8>);

impl Entry for Account {
    fn place(&self) -> Digest {
        Digest::of(&[&self.0.to_le_bytes()])
    }

    fn size(&self) -> usize {
        self.1.len() + 10
    }
}

#[test]
fn rule_29_of_a_large_state_only_the_part_that_has_changed_is_made_again() {
    let mut state = Tree::default();
    for number in 0..10_000 {
        state.set(Account(number, vec![0; 300]));
    }
    let before = state.parts();
    state.set(Account(77, vec![1; 300]));
    let after = state.parts();
    let is_same = |(one, other): &(&Part, &Part)| Arc::ptr_eq(&one.bytes(), &other.bytes());
    let same = before.iter().zip(&after).filter(is_same).count();
    assert!(before.len() > 90, "{} parts", before.len());
    assert_eq!((after.len(), same), (before.len(), before.len() - 1));
    let most = PART_BYTES + BESIDE_BYTES;
    assert!(after.iter().all(|part| part.len() <= most));
}
