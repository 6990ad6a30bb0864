//! How many faulty processes a cluster survives, said to the user.

use std::num::NonZeroU32;

use quorate_protocol::Quorum;
use serde::Serialize;

/// The number of faulty processes beside the number that is survived: f of n = 3f+1 (rule 1 and C1).
///
/// In JSON `{"processes":4,"faulty":2,"survived":1,"holds":false}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "Members")]
pub struct Bound {
    n: u32,
    faulty: u32,
}

/// The bound in JSON, with what follows from its two numbers.
#[derive(Serialize)]
struct Members {
    processes: u32,
    faulty: u32,
    survived: u32,
    holds: bool,
}

impl From<Bound> for Members {
    fn from(bound: Bound) -> Self {
        Self {
            processes: bound.n,
            faulty: bound.faulty,
            survived: bound.survived(),
            holds: bound.holds(),
        }
    }
}

impl Bound {
    /// `faulty` of `n` processes are faulty.
    #[must_use]
    pub const fn new(n: u32, faulty: u32) -> Self {
        Self { n, faulty }
    }

    /// The largest number of faulty processes among which the correct ones still agree; 0 without processes.
    #[must_use]
    pub fn survived(self) -> u32 {
        NonZeroU32::new(self.n).map_or(0, |n| Quorum::of(n).f())
    }

    /// Whether PBFT promises agreement.
    #[must_use]
    pub fn holds(self) -> bool {
        self.faulty <= self.survived()
    }

    /// `2 of 4 processes are faulty, at most 1 is survived`: the bound as a fact.
    #[must_use]
    pub fn fact(self) -> String {
        let Self { n, faulty } = self;
        // It goes with the word before it: `0 of 1 process is`, `1 of 4 processes is`, `2 of 4 processes are`.
        let verb = if faulty == 1 || n == 1 { "is" } else { "are" };
        let survived = match self.survived() {
            0 => "none is survived".to_owned(),
            1 => "at most 1 is survived".to_owned(),
            f => format!("at most {f} are survived"),
        };
        let processes = if n == 1 { "process" } else { "processes" };
        format!("{faulty} of {n} {processes} {verb} faulty, {survived}")
    }

    /// What to tell the user before anything runs: nothing is promised, or no faulty process would be survived.
    #[must_use]
    pub fn warning(self) -> Option<String> {
        if !self.holds() {
            return Some(format!("{}: agreement is not promised", self.fact()));
        }
        let Self { n, .. } = self;
        let verb = if n == 1 {
            "process survives"
        } else {
            "processes survive"
        };
        (self.survived() == 0)
            .then(|| format!("{n} {verb} no faulty one: use 4 or more to survive one"))
    }
}

#[cfg(test)]
mod tests {
    use super::Bound;

    #[test]
    fn up_to_f_faulty_processes_are_no_reason_to_warn() {
        assert_eq!(Bound::new(4, 0).warning(), None);
        assert_eq!(Bound::new(4, 1).warning(), None);
        assert_eq!(Bound::new(7, 2).warning(), None);
        assert_eq!(
            Bound::new(4, 1).fact(),
            "1 of 4 processes is faulty, at most 1 is survived"
        );
    }

    #[test]
    fn more_than_f_faulty_processes_are_warned_of_with_the_numbers() {
        assert_eq!(
            Bound::new(7, 3).warning().as_deref(),
            Some("3 of 7 processes are faulty, at most 2 are survived: agreement is not promised")
        );
    }

    #[test]
    fn fewer_than_four_processes_are_warned_of() {
        assert_eq!(
            Bound::new(3, 0).warning().as_deref(),
            Some("3 processes survive no faulty one: use 4 or more to survive one")
        );
        assert!(!Bound::new(3, 1).holds());
        assert_eq!(
            Bound::new(1, 0).fact(),
            "0 of 1 process is faulty, none is survived"
        );
    }

    #[test]
    fn the_json_has_both_numbers_and_what_follows_from_them() {
        assert_eq!(
            serde_json::to_string(&Bound::new(7, 3)).unwrap(),
            r#"{"processes":7,"faulty":3,"survived":2,"holds":false}"#
        );
    }
}
