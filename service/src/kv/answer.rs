use std::fmt;

use serde::{Deserialize, Serialize};

use super::Refusal;

/// The answer to a command. It travels as postcard, which numbers the variants in this order: add new ones at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The command changed the store.
    Ok,
    /// The key's value.
    Value(String),
    /// The key has no value.
    NoSuchKey,
    /// `cas` found another value than it expected. Nothing has changed.
    CasFailed {
        /// The key.
        key: String,
        /// The value that it has.
        value: String,
    },
    /// The text is not a valid command. Nothing has changed.
    Refused(Refusal),
}

impl Answer {
    /// Whether the command did what it says: it changed the key, or found a value.
    #[must_use]
    pub fn is_done(&self) -> bool {
        match self {
            Self::Ok | Self::Value(_) => true,
            Self::NoSuchKey | Self::CasFailed { .. } | Self::Refused(_) => false,
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok => f.write_str("ok"),
            Self::Value(value) => f.write_str(value),
            Self::NoSuchKey => f.write_str("no such key"),
            Self::CasFailed { key, value } => write!(f, "cas failed: {key} is {value}"),
            Self::Refused(refusal) => write!(f, "refused: {refusal}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::encode;

    #[test]
    fn each_answer_says_whether_it_is_done_and_has_its_text_and_its_encoding() {
        let cases: [(Answer, bool, &str, &[u8]); 5] = [
            (Answer::Ok, true, "ok", &[0]),
            (Answer::Value("42".into()), true, "42", b"\x01\x0242"),
            (Answer::NoSuchKey, false, "no such key", &[2]),
            (
                Answer::CasFailed {
                    key: "x".into(),
                    value: "3".into(),
                },
                false,
                "cas failed: x is 3",
                b"\x03\x01x\x013",
            ),
            (
                Answer::Refused(Refusal::Grammar),
                false,
                "refused: write 'set KEY=VALUE', 'get KEY', 'delete KEY' or 'cas KEY OLD NEW'",
                &[4, 0],
            ),
        ];
        for (answer, is_done, text, encoding) in cases {
            assert_eq!(answer.is_done(), is_done, "{answer}");
            assert_eq!(answer.to_string(), text);
            assert_eq!(encode(&answer), encoding, "{answer}");
        }
    }
}
