//! What has happened.

use serde::{Deserialize, Serialize};

use super::super::state::Gathering;
use super::{PAGE, VERSION};

/// Answers `happenings FROM`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happenings {
    /// [`VERSION`].
    pub v: u32,
    /// The number to ask from next time.
    pub next: u64,
    /// Whether there are more already.
    pub more: bool,
    /// The happenings. The first may have a higher number than was asked for, if the ones before are forgotten.
    pub happenings: Vec<Line>,
}

/// A happening.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its number, from 0.
    pub number: u64,
    /// The slot.
    pub slot: u64,
    /// The stage: `found`, `negotiate`, `agree`, `act` or `malicious`.
    pub stage: String,
    /// What happened.
    pub text: String,
}

impl Gathering {
    pub(super) fn happenings(&self, from: u64) -> Happenings {
        let mut bytes = 0;
        let lines = self.log().from(from).map(|one| Line {
            number: one.number,
            slot: one.slot.0,
            stage: one.happening.stage().to_string(),
            text: one.to_string(),
        });
        let fits = |line: &Line| {
            let first = bytes == 0;
            bytes += line.text.len() + 100;
            first || bytes <= PAGE
        };
        let happenings: Vec<Line> = lines.take_while(fits).collect();
        let next = happenings
            .last()
            .map_or(self.log().next(), |last| last.number + 1);
        Happenings {
            v: VERSION,
            next,
            more: next < self.log().next(),
            happenings,
        }
    }
}
