//! When calls begin, and how long they take: closed loop and open loop.

use std::cell::Cell;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// Each client calls again as soon as it has its answer. `step` makes one call, of a client and with a number, both from 0;
/// `record` is told how long it took.
pub(crate) async fn closed_loop(
    clients: u64,
    calls: u64,
    step: impl AsyncFn(u64, u64) -> anyhow::Result<()>,
    record: impl Fn(Duration),
) -> anyhow::Result<()> {
    let (step, record) = (&step, &record);
    let client = async |client| {
        for number in 0..calls {
            let started = Instant::now();
            step(client, number).await?;
            record(started.elapsed());
        }
        Ok(())
    };
    try_join_all((0..clients).map(client)).await.map(drop)
}

/// When the calls of an open loop are due.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    pub(crate) start: Instant,
    /// The time from one call to the next.
    pub(crate) interval: Duration,
    pub(crate) calls: u64,
}

impl Schedule {
    fn due(&self, number: u64) -> Instant {
        self.start + self.interval.mul_f64(number as f64)
    }

    /// How many calls are due by now.
    fn due_by(&self, now: Instant) -> u64 {
        let passed = now.saturating_duration_since(self.start);
        let due = passed.as_secs_f64() / self.interval.as_secs_f64();
        (due as u64 + 1).min(self.calls)
    }
}

/// Calls begin when they are due, each by a client that is free. If none is free, a call begins late and its latency still
/// counts from when it was due: nothing that callers would have waited is left out. `gate` has one permit for each call that
/// has become due.
pub(crate) async fn open_loop(
    clients: u64,
    schedule: Schedule,
    gate: &Semaphore,
    step: impl AsyncFn(u64, u64) -> anyhow::Result<()>,
    record: impl Fn(Duration),
) -> anyhow::Result<()> {
    let next = Cell::new(0);
    let (next, step, record) = (&next, &step, &record);
    let client = async |client| {
        loop {
            let number = next.get();
            if number == schedule.calls {
                return Ok(());
            }
            next.set(number + 1);
            gate.acquire().await?.forget();
            step(client, number).await?;
            record(schedule.due(number).elapsed());
        }
    };
    try_join_all((0..clients).map(client)).await.map(drop)
}

/// A gate that lets the calls of a schedule through when they are due.
///
/// A thread of its own keeps the time: the timers of the runtime count whole milliseconds, and a call takes less.
pub(crate) fn gate(schedule: Schedule) -> Arc<Semaphore> {
    let gate = Arc::new(Semaphore::new(0));
    let weak = Arc::downgrade(&gate);
    thread::spawn(move || keep_time(schedule, &weak));
    gate
}

/// Ends after the last call, or once nobody has the gate any more.
fn keep_time(schedule: Schedule, gate: &Weak<Semaphore>) {
    let mut let_through = 0;
    while let_through < schedule.calls {
        thread::sleep(
            schedule
                .due(let_through)
                .saturating_duration_since(Instant::now()),
        );
        let due = schedule.due_by(Instant::now());
        let Some(gate) = gate.upgrade() else {
            return;
        };
        gate.add_permits(usize::try_from(due - let_through).unwrap_or(Semaphore::MAX_PERMITS));
        let_through = due;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use tokio::time::{sleep, sleep_until};

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// 10 calls, one due every 10 ms.
    fn schedule() -> Schedule {
        Schedule {
            start: Instant::now(),
            interval: 10 * MS,
            calls: 10,
        }
    }

    /// Runs an open loop in virtual time. Gives when each call began, since the start, and all latencies.
    async fn play(clients: u64, takes: impl Fn(u64) -> Duration) -> (Vec<Duration>, Vec<Duration>) {
        let (schedule, gate) = (schedule(), Semaphore::new(0));
        let begun = RefCell::new(Vec::new());
        let latencies = RefCell::new(Vec::new());
        let step = async |_, number| {
            begun.borrow_mut().push(schedule.start.elapsed());
            sleep(takes(number)).await;
            Ok(())
        };
        let record = |latency| latencies.borrow_mut().push(latency);
        let keep_time = async {
            for number in 0..schedule.calls {
                sleep_until(schedule.due(number)).await;
                gate.add_permits(1);
            }
            Ok(())
        };
        let open_loop = open_loop(clients, schedule, &gate, step, record);
        tokio::try_join!(open_loop, keep_time).unwrap();
        (begun.into_inner(), latencies.into_inner())
    }

    #[tokio::test(start_paused = true)]
    async fn calls_begin_when_they_are_due_whether_those_before_have_ended_or_not() {
        let (begun, latencies) = play(10, |_| 35 * MS).await;
        let due: Vec<_> = (0..10).map(|number| number * 10 * MS).collect();
        assert_eq!(begun, due);
        assert_eq!(latencies, [35 * MS; 10]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_had_to_wait_for_a_client_took_as_long_as_since_it_was_due() {
        // The first call stops everything for 50 ms: those after it were due at 10, 20, ... ms.
        let takes = |number| if number == 0 { 50 * MS } else { MS };
        let (begun, latencies) = play(1, takes).await;
        assert_eq!(begun[..4], [0, 50, 51, 52].map(|millis| millis * MS));
        assert_eq!(latencies[..4], [50, 41, 32, 23].map(|millis| millis * MS));
        assert_eq!(latencies[9], MS, "it has caught up");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_in_a_closed_loop_calls_when_it_has_its_answer() {
        let begun = RefCell::new(Vec::new());
        let started = Instant::now();
        let step = async |client, number| {
            begun.borrow_mut().push((client, number, started.elapsed()));
            sleep((client as u32 + 1) * MS).await;
            Ok(())
        };
        let latencies = RefCell::new(Vec::new());
        let record = |latency| latencies.borrow_mut().push(latency);
        closed_loop(2, 2, step, record).await.unwrap();
        assert_eq!(
            begun.into_inner(),
            [
                (0, 0, Duration::ZERO),
                (1, 0, Duration::ZERO),
                (0, 1, MS),
                (1, 1, 2 * MS)
            ]
        );
        assert_eq!(latencies.into_inner(), [MS, MS, 2 * MS, 2 * MS]);
    }

    #[tokio::test(start_paused = true)]
    async fn as_many_calls_are_due_as_intervals_have_begun_and_no_more_than_there_are() {
        let schedule = schedule();
        let due_after = |millis: u32| schedule.due_by(schedule.start + millis * MS);
        assert_eq!([0, 9, 10, 25, 1000].map(due_after), [1, 1, 2, 3, 10]);
    }

    #[tokio::test]
    async fn the_gate_lets_each_call_through_once() {
        let schedule = Schedule {
            interval: Duration::from_micros(1),
            calls: 500,
            ..schedule()
        };
        let gate = gate(schedule);
        gate.acquire_many(500).await.unwrap().forget();
        assert!(gate.try_acquire().is_err());
    }
}
