//! The attempt that a node is in, and when it ends.

use quorate_protocol::{Duration, Time};

use crate::settings::Pace;

/// How many times longer an attempt lasts in which no quorum comes together.
const ALONE: u64 = 4;

/// The attempt that a node is in.
///
/// Its time runs from the moment when a quorum of the roster's members is known to be in it, or in a later one. Then all correct
/// members are in it at once: f+1 of the quorum are correct, and f+1 take the others along. If the time ran from a node's own vote,
/// two nodes could go from attempt to attempt for ever, one always a moment before the other.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Attempt {
    number: u64,
    /// When this node voted in it.
    voted: Option<Time>,
    /// When a quorum was seen to be in it.
    met: Option<Time>,
}

impl Attempt {
    /// An attempt in which nothing has happened.
    pub(crate) const fn at(number: u64) -> Self {
        Self {
            number,
            voted: None,
            met: None,
        }
    }

    pub(crate) const fn number(&self) -> u64 {
        self.number
    }

    /// This node has voted in it.
    pub(crate) fn voted(&mut self, now: Time) {
        self.voted.get_or_insert(now);
    }

    /// A quorum is in it.
    pub(crate) fn met(&mut self, now: Time) {
        self.met.get_or_insert(now);
    }

    /// When it ends, if this node has voted in it.
    pub(crate) fn ends(&self, pace: &Pace) -> Option<Time> {
        let voted = self.voted?;
        let times = u32::try_from(self.number).unwrap_or(u32::MAX);
        let lasts = pace.attempt.doubled(times).min(pace.longest_attempt);
        let alone = voted + Duration(lasts.0.saturating_mul(ALONE));
        let together = self.met.map(|met| met.max(voted) + lasts);
        Some(together.map_or(alone, |together| together.min(alone)))
    }
}

#[cfg(test)]
mod tests {
    use quorate_protocol::Time;

    use super::Attempt;
    use crate::settings::Pace;

    #[test]
    fn an_attempt_lasts_from_the_moment_when_a_quorum_is_in_it_and_each_twice_as_long() {
        let pace = Pace::default();
        for (number, seconds) in [(0, 1), (1, 2), (2, 4), (3, 8), (4, 8), (u64::MAX, 8)] {
            let mut attempt = Attempt::at(number);
            assert_eq!(attempt.ends(&pace), None);
            attempt.voted(Time(500_000));
            let alone = Time(500_000 + 4 * seconds * 1_000_000);
            assert_eq!(attempt.ends(&pace), Some(alone));
            attempt.met(Time(700_000));
            attempt.met(Time(900_000));
            let together = Time(700_000 + seconds * 1_000_000);
            assert_eq!(attempt.ends(&pace), Some(together));
        }
    }
}
