//! When a process that has ended by itself is started again.

use std::process::ExitStatus;
use std::str::FromStr;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

/// How often a process is started again, if nothing else was said.
const USUAL_LIMIT: u32 = 10;
/// The pause before the first try. Each further pause is twice as long.
const SHORTEST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);

/// A process that has run for so long has started well: its earlier ends no longer count.
pub(crate) const STEADY: Duration = Duration::from_secs(10);

/// When a process that has ended by itself is started again, as `--restart` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Restart {
    /// Not at all.
    #[default]
    Never,
    /// Unless it ended with exit status 0; at most so often in a row.
    OnFailure(u32),
    /// However it ended; at most so often in a row.
    Always(u32),
}

impl Restart {
    /// How often in a row a process that ended like this is started again.
    pub(crate) fn limit(self, ended: ExitStatus) -> u32 {
        match self {
            Self::OnFailure(limit) if !ended.success() => limit,
            Self::Always(limit) => limit,
            Self::Never | Self::OnFailure(_) => 0,
        }
    }
}

impl FromStr for Restart {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const FORMS: &str =
            "write never, on-failure or always, or on-failure:3 for at most 3 times in a row";
        let (when, limit) = match text.split_once(':') {
            Some((when, limit)) => (when, limit.parse().map_err(|_| FORMS)?),
            None => (text, USUAL_LIMIT),
        };
        match when {
            "never" if when == text => Ok(Self::Never),
            "on-failure" if limit > 0 => Ok(Self::OnFailure(limit)),
            "always" if limit > 0 => Ok(Self::Always(limit)),
            _ => Err(FORMS.to_owned()),
        }
    }
}

/// The pauses before the tries, without an end.
pub(crate) fn pauses() -> ExponentialBackoff {
    ExponentialBuilder::default()
        .with_min_delay(SHORTEST)
        .with_max_delay(LONGEST)
        .without_max_times()
        .build()
}

/// The next of the pauses.
pub(crate) fn next(pauses: &mut ExponentialBackoff) -> Duration {
    pauses.next().unwrap_or(LONGEST)
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::*;

    #[test]
    fn the_forms_are_read_and_others_refused_with_advice() {
        for (text, restart) in [
            ("never", Restart::Never),
            ("on-failure", Restart::OnFailure(USUAL_LIMIT)),
            ("always:3", Restart::Always(3)),
        ] {
            assert_eq!(text.parse(), Ok(restart));
        }
        for text in ["never:3", "always:0", "on-failure:x", "sometimes", ""] {
            let error = text.parse::<Restart>().unwrap_err();
            assert!(error.contains("on-failure:3"), "{text}: {error}");
        }
    }

    #[test]
    fn on_failure_leaves_alone_what_ended_well() {
        let (well, killed) = (ExitStatus::from_raw(0), ExitStatus::from_raw(9));
        assert_eq!(Restart::OnFailure(3).limit(well), 0);
        assert_eq!(Restart::OnFailure(3).limit(killed), 3);
        assert_eq!(Restart::Always(3).limit(well), 3);
        assert_eq!(Restart::Never.limit(killed), 0);
    }

    #[test]
    fn each_pause_is_twice_as_long_up_to_the_longest() {
        let mut pauses = pauses();
        let first: Vec<_> = (0..8).map(|_| next(&mut pauses).as_millis()).collect();
        assert_eq!(first, [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000]);
    }
}
