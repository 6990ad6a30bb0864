//! What the clients of a measurement do, and how long it takes.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use indicatif::ProgressBar;
use quorate_cli::progress::bar;

use crate::bench::operations::Load;
use crate::bench::round::Rounds;
use crate::options::BenchOptions;
use crate::target::Target;

/// What is measured.
pub(crate) enum Work<'a> {
    /// Whole exchanges.
    Rounds(Rounds<'a>),
    /// Operations on the store.
    Operations(Load<'a>),
}

impl<'a> Work<'a> {
    fn new(target: &'a Target, options: &BenchOptions) -> Self {
        match options.operations {
            None => Self::Rounds(Rounds::new(target)),
            Some(_) => Self::Operations(Load::new(target, options.payload, options.reads)),
        }
    }

    /// One step of one client: a round or an operation, counted from 0.
    async fn step(&self, client: u64, number: u64) -> anyhow::Result<()> {
        match self {
            Self::Rounds(rounds) => rounds
                .run_next()
                .await
                .map_err(|failed| failed.into_error()),
            Self::Operations(load) => load.run(client, number).await,
        }
    }

    /// One step before the measurement. The store gets the key that the client will read and write.
    async fn prepare(&self, client: u64) -> anyhow::Result<()> {
        match self {
            Self::Rounds(_) => self.step(client, 0).await,
            Self::Operations(load) => load.write(client).await,
        }
    }

    /// The name of one step, and of several.
    pub(crate) const fn one_and_many(&self) -> (&'static str, &'static str) {
        match self {
            Self::Rounds(_) => ("round", "rounds"),
            Self::Operations(_) => ("operation", "operations"),
        }
    }
}

/// One measurement.
pub(crate) struct Run<'a> {
    pub(crate) work: Work<'a>,
    pub(crate) clients: u64,
    /// How many steps each client takes before the measurement.
    pub(crate) warmup: u64,
    /// How many steps of each client are measured.
    steps: u64,
    latencies: RefCell<Vec<Duration>>,
    started: Cell<Option<Instant>>,
}

impl<'a> Run<'a> {
    /// A measurement with these processes, not started yet.
    pub(crate) fn new(target: &'a Target, options: &BenchOptions) -> Self {
        let (warmup, steps) = match options.operations {
            None => (options.warmup, options.rounds),
            Some(operations) => (1, operations),
        };
        Self {
            work: Work::new(target, options),
            clients: options.clients,
            warmup,
            steps,
            latencies: RefCell::default(),
            started: Cell::default(),
        }
    }

    /// Takes the steps that are not measured.
    pub(crate) async fn warm_up(&self) -> anyhow::Result<()> {
        let bar = bar(self.clients * self.warmup, "warm-up");
        try_join_all((0..self.clients).map(|client| self.warm_up_client(client, &bar))).await?;
        bar.finish_and_clear();
        Ok(())
    }

    async fn warm_up_client(&self, client: u64, bar: &ProgressBar) -> anyhow::Result<()> {
        for _ in 0..self.warmup {
            self.work.prepare(client).await?;
            bar.inc(1);
        }
        Ok(())
    }

    /// Takes the steps that are measured. The clients run at the same time; each takes its steps one after the other.
    pub(crate) async fn measure(&self) -> anyhow::Result<Duration> {
        let (_, many) = self.work.one_and_many();
        let bar = bar(self.clients * self.steps, many);
        let started = Instant::now();
        self.started.set(Some(started));
        try_join_all((0..self.clients).map(|client| self.measure_client(client, &bar))).await?;
        let elapsed = started.elapsed();
        bar.finish_and_clear();
        Ok(elapsed)
    }

    async fn measure_client(&self, client: u64, bar: &ProgressBar) -> anyhow::Result<()> {
        for number in 0..self.steps {
            let started = Instant::now();
            self.work.step(client, number).await?;
            self.latencies.borrow_mut().push(started.elapsed());
            bar.inc(1);
        }
        Ok(())
    }

    /// Whether a measured step has ended.
    pub(crate) fn has_measured(&self) -> bool {
        !self.latencies.borrow().is_empty()
    }

    /// The duration of each step that has ended.
    pub(crate) fn latencies(&self) -> Vec<Duration> {
        self.latencies.borrow().clone()
    }

    /// How long the measurement has run, if it has started.
    pub(crate) fn elapsed(&self) -> Option<Duration> {
        self.started.get().map(|started| started.elapsed())
    }
}
