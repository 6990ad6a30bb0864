//! The runs of a measurement, one after the other.

use std::cell::RefCell;
use std::time::Duration;

use anyhow::Context as _;
use futures_util::future::try_join_all;
use indicatif::ProgressBar;
use quorate_cli::progress::bar;
use tokio::time::Instant;

use crate::ask::NO_CORRECT_ANSWER;
use crate::bench::clock::{closed_loop, gate, open_loop};
use crate::bench::empty::Empty;
use crate::bench::figures::Run;
use crate::bench::latencies::Latencies;
use crate::bench::machine::processor_time;
use crate::bench::plan::Plan;
use crate::bench::traffic::Counters;
use crate::bench::work::Work;
use crate::render::progress::Waiting;
use crate::target::Target;

/// A measurement.
pub(crate) struct Runs<'a> {
    target: &'a Target,
    plan: &'a Plan,
    work: Work<'a>,
    /// Whether a bar shows how far it is.
    shows: bool,
    /// The runs that have ended.
    done: RefCell<Vec<Run>>,
    /// The run that goes on.
    current: RefCell<Option<Current>>,
}

/// A run that goes on.
struct Current {
    number: u64,
    started: Instant,
    /// The processor time that this program had used before.
    processor_time: Duration,
    latencies: Latencies,
    empty: Option<Empty>,
}

impl<'a> Runs<'a> {
    pub(crate) const fn new(target: &'a Target, plan: &'a Plan, work: Work<'a>) -> Self {
        Self {
            target,
            plan,
            work,
            shows: true,
            done: RefCell::new(Vec::new()),
            current: RefCell::new(None),
        }
    }

    /// The same without bars: its caller has one.
    pub(crate) fn quiet(self) -> Self {
        Self {
            shows: false,
            ..self
        }
    }

    fn bar(&self, steps: u64, unit: &str) -> ProgressBar {
        if self.shows {
            bar(steps, unit)
        } else {
            ProgressBar::hidden()
        }
    }

    /// Warms up, takes all runs, and checks that nothing is lost.
    pub(crate) async fn take(&self) -> anyhow::Result<()> {
        self.warm_up().await?;
        for number in 1..=self.plan.runs {
            self.take_one(number).await?;
        }
        self.work.check().await
    }

    /// The runs that have ended, and then the one that went on, if anything of it was measured.
    pub(crate) fn into_runs(self) -> anyhow::Result<Vec<Run>> {
        let mut runs = self.done.into_inner();
        if let Some(current) = self.current.into_inner()
            && current.latencies.count() > 0
        {
            runs.push(current.end(self.plan.per_call)?);
        }
        Ok(runs)
    }

    async fn warm_up(&self) -> anyhow::Result<()> {
        let bar = &self.bar(self.plan.clients * self.plan.warmup, "warm-up");
        let client = async |client| {
            for _ in 0..self.plan.warmup {
                self.work.prepare(client).await?;
                bar.inc(1);
            }
            anyhow::Ok(())
        };
        try_join_all((0..self.plan.clients).map(client)).await?;
        bar.finish_and_clear();
        Ok(())
    }

    async fn take_one(&self, number: u64) -> anyhow::Result<()> {
        let empty = self.empty_method().await?;
        let before = Counters::of_all(self.target).await?;
        self.begin(number, empty)?;
        self.run_clients(number).await?;
        self.end()?;
        // The run has ended, whether the processes tell their counters or not.
        let sent = Counters::of_all(self.target).await?.since(&before);
        if let Some(run) = self.done.borrow_mut().last_mut() {
            run.sent = Some(sent);
        }
        Ok(())
    }

    async fn empty_method(&self) -> anyhow::Result<Option<Empty>> {
        if !self.plan.compare {
            return Ok(None);
        }
        let process = self.target.correct().next().context(NO_CORRECT_ANSWER)?;
        let waiting = self.shows.then(Waiting::new).transpose()?;
        if let Some(waiting) = &waiting {
            waiting.say("measuring the empty method".to_owned());
        }
        Empty::measure(process).await.map(Some)
    }

    async fn run_clients(&self, number: u64) -> anyhow::Result<()> {
        let plan = self.plan;
        let bar = self.bar(plan.steps_of_a_run(), plan.many());
        if plan.runs > 1 {
            bar.set_message(format!(", run {number} of {}", plan.runs));
        }
        let step = async |client, number| self.work.step(client, number).await;
        let record = |latency| {
            if let Some(current) = &mut *self.current.borrow_mut() {
                current.latencies.record(latency);
            }
            bar.inc(plan.per_call);
        };
        match plan.schedule(Instant::now()) {
            None => closed_loop(plan.clients, plan.calls_of_a_client(), step, record).await?,
            Some(schedule) => {
                let gate = gate(schedule);
                open_loop(plan.clients, schedule, &gate, step, record).await?;
            }
        }
        bar.finish_and_clear();
        Ok(())
    }

    fn begin(&self, number: u64, empty: Option<Empty>) -> anyhow::Result<()> {
        *self.current.borrow_mut() = Some(Current {
            number,
            started: Instant::now(),
            processor_time: processor_time()?,
            latencies: Latencies::new()?,
            empty,
        });
        Ok(())
    }

    fn end(&self) -> anyhow::Result<()> {
        if let Some(current) = self.current.take() {
            let run = current.end(self.plan.per_call)?;
            self.done.borrow_mut().push(run);
        }
        Ok(())
    }
}

impl Current {
    /// The run until now, of calls with so many operations.
    fn end(self, per_call: u64) -> anyhow::Result<Run> {
        Ok(Run {
            number: self.number,
            count: self.latencies.count() * per_call,
            elapsed: self.started.elapsed(),
            processor_time: processor_time()?.saturating_sub(self.processor_time),
            latencies: self.latencies,
            sent: None,
            empty: self.empty,
        })
    }
}
