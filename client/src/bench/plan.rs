//! What a measurement does, from the options.

use std::time::Duration;

use tokio::time::Instant;

use crate::bench::clock::Schedule;
use crate::options::BenchOptions;

/// What a measurement does.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) clients: u64,
    /// How many rounds or calls each client makes in a run, or all clients together in an open loop.
    calls: u64,
    /// How many operations a call has; 1 for rounds.
    pub(crate) per_call: u64,
    /// The rounds or operations that are due each second in an open loop; `None`: the loop is closed.
    pub(crate) rate: Option<u64>,
    /// How many rounds or calls of each client come first and are not measured.
    pub(crate) warmup: u64,
    pub(crate) runs: u64,
    /// Whether the empty method is measured too.
    pub(crate) compare: bool,
    /// Whether operations are measured, and not rounds.
    operations: bool,
}

impl Plan {
    /// The plan of these options.
    pub(crate) fn of(options: &BenchOptions) -> Self {
        Self {
            clients: options.clients(),
            calls: options.steps() / options.per_call,
            per_call: options.per_call,
            rate: options.rate,
            warmup: options.warmup,
            runs: options.runs,
            compare: options.compare,
            operations: options.operations.is_some(),
        }
    }

    /// `round` or `operation`.
    pub(crate) const fn one(&self) -> &'static str {
        if self.operations {
            "operation"
        } else {
            "round"
        }
    }

    /// `rounds` or `operations`.
    pub(crate) const fn many(&self) -> &'static str {
        if self.operations {
            "operations"
        } else {
            "rounds"
        }
    }

    /// The rounds or operations of one run.
    pub(crate) const fn steps_of_a_run(&self) -> u64 {
        let calls = match self.rate {
            Some(_) => self.calls,
            None => self.clients * self.calls,
        };
        calls * self.per_call
    }

    /// The rounds or calls that each client makes one after the other in a closed loop.
    pub(crate) const fn calls_of_a_client(&self) -> u64 {
        self.calls
    }

    /// When the calls of an open loop are due.
    pub(crate) fn schedule(&self, start: Instant) -> Option<Schedule> {
        self.rate.map(|rate| Schedule {
            start,
            interval: Duration::from_secs_f64(self.per_call as f64 / rate as f64),
            calls: self.calls,
        })
    }

    /// `Closed loop: 64 clients, and each runs operations one after the other.`
    pub(crate) fn sentence(&self) -> String {
        let (clients, many) = (self.clients, self.many());
        let together = match self.per_call {
            1 => String::new(),
            per_call => format!(", {per_call} in a call"),
        };
        match (self.rate, clients) {
            (Some(rate), _) => format!(
                "Open loop: {rate} {many} are due each second{together}, at most {clients} calls are under way, and latency counts \
                 from when a call was due."
            ),
            (None, 1) => {
                format!("Closed loop: 1 client runs {many} one after the other{together}.")
            }
            (None, _) => format!(
                "Closed loop: {clients} clients, and each runs {many} one after the other{together}."
            ),
        }
    }

    /// `Each client first ran 10 rounds as warm-up, which are not counted.`
    pub(crate) fn warmup_sentence(&self) -> String {
        let (one, many) = match self.per_call {
            1 => (self.one(), self.many()),
            _ => ("call", "calls"),
        };
        match self.warmup {
            0 => "There was no warm-up.".to_owned(),
            1 => format!("Each client first ran 1 {one} as warm-up, which is not counted."),
            warmup => {
                format!("Each client first ran {warmup} {many} as warm-up, which are not counted.")
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Only {
        #[command(flatten)]
        bench: BenchOptions,
    }

    /// The plan of these options.
    pub(crate) fn plan(arguments: &str) -> Plan {
        let arguments = ["bench"].into_iter().chain(arguments.split_whitespace());
        Plan::of(&Only::parse_from(arguments).bench)
    }

    #[test]
    fn operations_are_divided_into_calls_and_each_client_makes_all_of_them() {
        let closed = plan("--operations 128 --per-call 64 --clients 3");
        assert_eq!(
            (closed.calls_of_a_client(), closed.steps_of_a_run()),
            (2, 384)
        );
    }

    #[test]
    fn the_most_that_the_options_allow_can_be_counted() {
        let most = plan("--operations 1000000000 --clients 1024 --warmup 1000000000");
        assert_eq!(most.steps_of_a_run(), 1_024_000_000_000);
        assert_eq!(most.clients * most.warmup, 1_024_000_000_000);
        let more = ["--rounds", "--operations", "--warmup"].map(|option| [option, "1000000001"]);
        for arguments in more {
            assert!(Only::try_parse_from([&["bench"], &arguments[..]].concat()).is_err());
        }
    }

    #[test]
    fn a_rate_counts_operations_and_all_clients_share_them() {
        let open = plan("--operations 128 --per-call 64 --rate 640");
        assert_eq!((open.clients, open.steps_of_a_run()), (256, 128));
        let schedule = open.schedule(Instant::now()).unwrap();
        assert_eq!(schedule.interval, Duration::from_millis(100));
        assert_eq!(schedule.calls, 2);
        assert!(plan("--operations 128").schedule(Instant::now()).is_none());
    }

    #[test]
    fn what_was_done_is_said_in_a_sentence() {
        for (arguments, sentence) in [
            ("", "Closed loop: 1 client runs rounds one after the other."),
            (
                "--operations 128 --per-call 64 --clients 3",
                "Closed loop: 3 clients, and each runs operations one after the other, 64 in a call.",
            ),
            (
                "--operations 128 --rate 640 --clients 3",
                "Open loop: 640 operations are due each second, at most 3 calls are under way, and latency counts from when a \
                 call was due.",
            ),
        ] {
            assert_eq!(plan(arguments).sentence(), sentence);
        }
    }
}
