//! A process's own clock, which may be ahead, behind, fast or slow.

use quorate_protocol::Time;

/// How a process's clock goes against the virtual one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    /// What it shows at the start, in microseconds.
    pub(crate) ahead: u64,
    /// How many of its microseconds pass in a thousand virtual ones; at least 1.
    pub(crate) rate: u64,
    /// The virtual time at which its process started.
    pub(crate) since: Time,
}

impl Clock {
    /// A clock that goes right.
    pub(crate) const RIGHT: Self = Self {
        ahead: 0,
        rate: 1000,
        since: Time(0),
    };

    /// What it shows at the virtual time `now`.
    pub(crate) const fn shows(self, now: Time) -> Time {
        Time(self.ahead + now.0.saturating_sub(self.since.0) * self.rate / 1000)
    }

    /// The first virtual time at which it shows at least `shown`.
    pub(crate) const fn when(self, shown: Time) -> Time {
        let passed = shown
            .0
            .saturating_sub(self.ahead)
            .saturating_mul(1000)
            .div_ceil(self.rate);
        Time(self.since.0.saturating_add(passed))
    }

    /// The clock of a process that starts again now. It begins at 0, as a live process's does.
    #[must_use]
    pub(crate) const fn restarted(self, now: Time) -> Self {
        Self {
            ahead: 0,
            since: now,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Clock;
    use quorate_protocol::Time;

    #[test]
    fn a_timer_never_runs_out_before_the_clock_shows_its_time() {
        for (ahead, rate) in [(0, 1000), (77, 1001), (5_000_000, 913), (3, 1)] {
            let since = Time(1_234_567);
            let clock = Clock { ahead, rate, since };
            for shown in (0..10_000_000).step_by(99_991) {
                let when = clock.when(Time(shown));
                assert!(clock.shows(when) >= Time(shown));
                assert!(when == since || clock.shows(Time(when.0 - 1)) < Time(shown));
            }
        }
    }
}
