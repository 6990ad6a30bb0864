//! Decisions and their majority.

use std::collections::BTreeMap;

/// The longest decision, in bytes.
const LONGEST: usize = 200;

/// What a faulty process answers instead of a decision.
const FAULTY: &str = "faulty";

/// A text that cannot be a decision.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a decision is 1 to {LONGEST} bytes of text without control characters, such as 'attack' or 'retreat', and not '{FAULTY}'"
)]
pub struct BadDecision;

/// Checks that a text can be a decision.
///
/// # Errors
/// It is empty, too long, has control characters, or is the word of faulty processes.
pub fn check_decision(decision: &str) -> Result<(), BadDecision> {
    let fits = (1..=LONGEST).contains(&decision.len())
        && !decision.chars().any(char::is_control)
        && decision != FAULTY;
    if fits { Ok(()) } else { Err(BadDecision) }
}

/// The value that occurs most often; a tie gives the default.
#[must_use]
pub fn most_common<'a>(values: impl IntoIterator<Item = &'a str>, default: &'a str) -> &'a str {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    let most = counts.values().max().copied().unwrap_or_default();
    let mut winners = counts
        .into_iter()
        .filter(|(_, count)| *count == most)
        .map(|(value, _)| value);
    match (winners.next(), winners.next()) {
        (Some(winner), None) => winner,
        _ => default,
    }
}

#[cfg(test)]
mod tests {
    use super::{check_decision, most_common};

    #[test]
    fn the_most_common_value_wins_and_a_tie_gives_the_default() {
        assert_eq!(most_common(["a", "b", "a"], "d"), "a");
        assert_eq!(most_common(["a", "b", "a", "b"], "d"), "d");
        assert_eq!(most_common(["b", "b", "c", "c", "c"], "d"), "c");
        assert_eq!(most_common([], "d"), "d");
    }

    #[test]
    fn empty_long_and_control_characters_are_no_decisions() {
        assert!(check_decision("attack").is_ok() && check_decision("攻撃").is_ok());
        for bad in [
            String::new(),
            "x".repeat(201),
            "a\nb".to_owned(),
            "\u{0}".to_owned(),
        ] {
            assert!(check_decision(&bad).is_err(), "{bad:?} was taken");
        }
    }
}
