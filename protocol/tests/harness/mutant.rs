//! The bug that the engines of a test have on purpose.

use std::cell::Cell;
use std::panic;

use quorate_protocol::{Config, Keys, Mutant};

thread_local! {
    static MUTANT: Cell<Option<Mutant>> = const { Cell::new(None) };
}

/// Gives a process the bug.
pub(super) fn put_into(config: &mut Config, keys: Keys) -> Keys {
    config.mutant = MUTANT.get();
    keys.with_mutant(config.mutant)
}

/// Whether a test fails if the engines have this bug.
pub(crate) fn fails(test: fn(), mutant: Mutant) -> bool {
    MUTANT.set(Some(mutant));
    let failed = panic::catch_unwind(test).is_err();
    MUTANT.set(None);
    failed
}
