//! The meaning of Maelstrom's error codes for the operation that they answer.

use crate::calls::Answer;

/// The meaning of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The operation never happens. Sending it again may help.
    NotNow,
    /// The operation may happen or not.
    Open,
    /// The operation never happens. Sending it again does not help. Some workloads expect such an error, as for a key
    /// that does not exist.
    Refused,
    /// The code has no meaning: it is in Maelstrom's range, and Maelstrom does not define it.
    Undefined,
}

/// The key does not exist.
pub(super) const NO_SUCH_KEY: u64 = 20;
/// The value is not the one that `cas` expects.
pub(super) const CAS_FAILED: u64 = 22;
/// The first of the codes whose meaning each program defines.
const OWN: u64 = 1000;

/// The meaning of a code, after the table of Maelstrom's protocol.
pub(super) const fn meaning(code: u64) -> Meaning {
    match code {
        // timeout, crash
        0 | 13 => Meaning::Open,
        // temporarily-unavailable, abort, txn-conflict
        11 | 14 | 30 => Meaning::NotNow,
        // node-not-found, not-supported, malformed-request, key-does-not-exist, key-already-exists, precondition-failed
        1 | 10 | 12 | NO_SUCH_KEY | 21 | CAS_FAILED => Meaning::Refused,
        OWN.. => Meaning::Open,
        _ => Meaning::Undefined,
    }
}

/// The finding for an error that the workload does not expect: its kind and its text.
pub(super) fn unexpected(what: &str, code: u64, text: &str) -> (&'static str, String) {
    let mut told = format!("{what} is answered with error {code}: {text}");
    if meaning(code) == Meaning::Undefined {
        told += &format!(
            "; Maelstrom has no code {code}: codes of your own begin at {OWN}, and 13 is for errors of unknown outcome"
        );
    }
    ("refused", told)
}

/// An answer in a few words.
pub(super) fn words(answer: &Answer) -> String {
    match answer {
        Answer::Error { code, text } => format!("error {code}: {text}"),
        Answer::Ok(body) => serde_json::Value::from(body.clone()).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Meaning, meaning};

    #[test]
    fn only_timeouts_crashes_and_own_codes_leave_the_outcome_open() {
        let open = (0..3000).filter(|code| meaning(*code) == Meaning::Open);
        let expected = [0, 13].into_iter().chain(1000..3000);
        assert!(open.eq(expected));
    }

    #[test]
    fn every_code_of_maelstroms_table_has_a_meaning_and_no_other_below_1000_has() {
        let known = (0..1000).filter(|code| meaning(*code) != Meaning::Undefined);
        let table = [0, 1, 10, 11, 12, 13, 14, 20, 21, 22, 30];
        assert!(known.eq(table));
    }
}
