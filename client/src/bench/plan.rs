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
    pub(crate) fn of(options: &BenchOptions) -> Self {
        Self {
            clients: options.clients(),
            calls: options.operations.unwrap_or(options.rounds),
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

    /// The rounds or calls of one run.
    pub(crate) const fn calls_of_a_run(&self) -> u64 {
        match self.rate {
            Some(_) => self.calls,
            None => self.clients * self.calls,
        }
    }

    /// The rounds or calls that each client makes one after the other in a closed loop.
    pub(crate) const fn calls_of_a_client(&self) -> u64 {
        self.calls
    }

    /// When the calls of an open loop are due.
    pub(crate) fn schedule(&self, start: Instant) -> Option<Schedule> {
        self.rate.map(|rate| Schedule {
            start,
            interval: Duration::from_secs(1).div_f64(rate as f64),
            calls: self.calls,
        })
    }

    /// `Closed loop: 64 clients, and each calls again when it has its answer.`
    pub(crate) fn sentence(&self) -> String {
        let (clients, many) = (self.clients, self.many());
        match (self.rate, clients) {
            (Some(rate), _) => format!(
                "Open loop: {rate} {many} are due each second, at most {clients} are under way, and latency counts from when one \
                 was due."
            ),
            (None, 1) => format!("Closed loop: 1 client runs {many} one after the other."),
            (None, _) => {
                format!("Closed loop: {clients} clients, and each runs {many} one after the other.")
            }
        }
    }

    /// `Each client first ran 10 rounds as warm-up, which are not counted.`
    pub(crate) fn warmup_sentence(&self) -> String {
        let (one, many) = (self.one(), self.many());
        match self.warmup {
            0 => "There was no warm-up.".to_owned(),
            1 => format!("Each client first ran 1 {one} as warm-up, which is not counted."),
            warmup => {
                format!("Each client first ran {warmup} {many} as warm-up, which are not counted.")
            }
        }
    }
}
