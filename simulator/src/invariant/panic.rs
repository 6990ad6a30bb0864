//! No panic: whatever comes in, the engine goes on.

use std::any::Any;

/// The rule.
pub const RULE: &str = "a step never fails: a bad message is refused, and nothing else comes of it";

/// The engine panicked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a process panicked: {0}")]
pub struct Panicked(pub String);

impl Panicked {
    /// From what a caught panic carries.
    #[must_use]
    pub fn from_payload(payload: &(dyn Any + Send)) -> Self {
        let text = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        Self(text.unwrap_or_else(|| "without a word".to_owned()))
    }
}
