//! No panic: the engine goes on whatever message it receives.

use std::any::Any;

use quorate_protocol::ReplicaId;

/// The rule.
pub const RULE: &str = "a step never fails: a bad message is refused, and has no other effect";

/// A process panicked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{by} panicked: {words}")]
pub struct Panicked {
    /// Who.
    pub by: ReplicaId,
    /// The message of the panic.
    pub words: String,
}

impl Panicked {
    /// The break of the rule by a caught panic.
    #[must_use]
    pub fn from_payload(by: ReplicaId, payload: &(dyn Any + Send)) -> Self {
        let text = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        let words = text.unwrap_or_else(|| "without a word".to_owned());
        Self { by, words }
    }
}

#[cfg(test)]
mod tests {
    use super::Panicked;
    use quorate_protocol::ReplicaId;
    use std::panic::catch_unwind;

    #[test]
    fn a_panic_is_told_with_its_words() {
        for (payload, words) in [
            (catch_unwind(|| panic!("plain")), "plain"),
            (catch_unwind(|| panic!("number {}", 7)), "number 7"),
            (catch_unwind(|| std::panic::panic_any(7)), "without a word"),
        ] {
            let payload: Result<(), _> = payload;
            let panicked = Panicked::from_payload(ReplicaId(1), payload.unwrap_err().as_ref());
            assert_eq!(panicked.words, words);
        }
    }
}
