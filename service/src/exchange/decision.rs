//! Decisions and their majority.

use std::collections::BTreeMap;

/// The longest decision, in bytes.
const LONGEST: usize = 200;

/// The word that a faulty process answers instead of a decision.
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

/// How often each value occurs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally<'a> {
    counts: BTreeMap<&'a str, usize>,
}

impl<'a> Tally<'a> {
    /// Counts the values.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = &'a str>) -> Self {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for value in values {
            *counts.entry(value).or_default() += 1;
        }
        Self { counts }
    }

    /// The value that occurs most often. `None` if there is a tie or no value.
    #[must_use]
    pub fn winner(&self) -> Option<&'a str> {
        let most = self.counts.values().max()?;
        let mut winners = self.counts.iter().filter(|(_, count)| *count == most);
        match (winners.next(), winners.next()) {
            (Some((winner, _)), None) => Some(winner),
            _ => None,
        }
    }

    /// Each value with its count, in the order of the values.
    pub fn counts(&self) -> impl Iterator<Item = (&'a str, usize)> + '_ {
        self.counts.iter().map(|(value, count)| (*value, *count))
    }
}

#[cfg(test)]
mod tests {
    use super::{Tally, check_decision};

    #[test]
    fn the_most_common_value_wins_and_a_tie_has_no_winner() {
        assert_eq!(Tally::of(["a", "b", "a"]).winner(), Some("a"));
        assert_eq!(Tally::of(["a", "b", "a", "b"]).winner(), None);
        assert_eq!(Tally::of(["b", "b", "c", "c", "c"]).winner(), Some("c"));
        assert_eq!(Tally::of([]).winner(), None);
    }

    #[test]
    fn texts_that_are_empty_long_or_have_control_characters_are_not_decisions() {
        assert!(check_decision("attack").is_ok() && check_decision("攻撃").is_ok());
        for bad in [
            String::new(),
            "x".repeat(201),
            "a\nb".to_owned(),
            "\u{0}".to_owned(),
        ] {
            assert!(check_decision(&bad).is_err(), "{bad:?} was accepted");
        }
    }
}
