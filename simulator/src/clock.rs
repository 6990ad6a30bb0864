//! A process's own clock, which may be ahead, behind, fast or slow.

use quorate_protocol::Time;

/// How a process's clock goes against the virtual one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    /// What it shows at the start, in microseconds.
    pub(crate) ahead: u64,
    /// How many of its microseconds pass in a thousand virtual ones; at least 1.
    pub(crate) rate: u64,
}

impl Clock {
    /// A clock that goes right.
    pub(crate) const RIGHT: Self = Self {
        ahead: 0,
        rate: 1000,
    };

    /// What it shows at the virtual time `now`.
    pub(crate) const fn shows(self, now: Time) -> Time {
        Time(self.ahead + now.0 * self.rate / 1000)
    }

    /// The first virtual time at which it shows at least `shown`.
    pub(crate) const fn when(self, shown: Time) -> Time {
        Time(
            shown
                .0
                .saturating_sub(self.ahead)
                .saturating_mul(1000)
                .div_ceil(self.rate),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Clock;
    use quorate_protocol::Time;

    #[test]
    fn a_timer_never_runs_out_before_the_clock_shows_its_time() {
        for (ahead, rate) in [(0, 1000), (77, 1001), (5_000_000, 913), (3, 1)] {
            let clock = Clock { ahead, rate };
            for shown in (0..10_000_000).step_by(99_991) {
                let when = clock.when(Time(shown));
                assert!(clock.shows(when) >= Time(shown));
                assert!(when.0 == 0 || clock.shows(Time(when.0 - 1)) < Time(shown));
            }
        }
    }
}
