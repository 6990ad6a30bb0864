//! Asks the processes what they did and how they are, again and again.

use std::convert::Infallible;
use std::time::Duration;

use futures_util::future::join_all;
use quorate_node::since_1970;
use quorate_trace::Event;
use quorate_trace::export::causes_first;
use quorate_wire::Caller;
use quorate_wire::method::{FaultGet, LinkGet, Status, StatusAnswer};
use tokio::time::{Instant, sleep, timeout_at};

use super::feed::{Feed, OfProcess, Waiting};
use crate::Process;
use crate::traces::Reading;

/// The pause between two questions for traces.
const PAUSE: Duration = Duration::from_millis(100);
/// The pause between two questions for how the processes are, if nobody has changed that through the page.
const LOOK: Duration = Duration::from_secs(1);
/// The most time for an answer. A process that takes longer is asked again the next time.
const PATIENCE: Duration = Duration::from_millis(500);

/// A process, and how far its trace was read.
struct Source {
    caller: Caller,
    reading: Reading,
}

/// Keeps the feed true. A process that does not answer in time holds up nobody for long.
pub(super) async fn collect(processes: &[Process], feed: &Feed) -> Infallible {
    tokio::join!(traces(processes, feed), standings(processes, feed)).0
}

async fn traces(processes: &[Process], feed: &Feed) -> Infallible {
    let source = |process: &Process| Source {
        caller: Caller::new(process.address, PATIENCE),
        reading: Reading::default(),
    };
    let mut sources: Vec<_> = processes.iter().map(source).collect();
    loop {
        let read = sources.iter_mut().map(Source::read);
        let (mut events, mut missed) = (Vec::new(), 0);
        for (own, pushed_out) in join_all(read).await {
            events.extend(own);
            missed += pushed_out;
        }
        feed.add(&causes_first(&events), missed);
        sleep(PAUSE).await;
    }
}

impl Source {
    /// What was not read before, and how much of it the process keeps no longer. Nothing if it does not answer: why is told with how the
    /// processes are.
    async fn read(&mut self) -> (Vec<Event>, u64) {
        let caller = &self.caller;
        let (pages, _) = self.reading.pages(|call| caller.call(call)).await;
        let missed = pages.iter().map(|page| page.pushed_out).sum();
        (
            pages.into_iter().flat_map(|page| page.events).collect(),
            missed,
        )
    }
}

async fn standings(processes: &[Process], feed: &Feed) -> Infallible {
    let callers: Vec<_> = processes
        .iter()
        .map(|process| Caller::new(process.address, PATIENCE))
        .collect();
    loop {
        let next = Instant::now() + LOOK;
        let t_us = since_1970();
        let asked = processes.iter().zip(&callers).map(standing);
        let (standing, waiting): (Vec<_>, Vec<_>) = join_all(asked).await.into_iter().unzip();
        feed.tell(standing);
        let bytes = waiting.into_iter().flatten().collect();
        feed.wait(Waiting { t_us, bytes });
        // Nobody may have changed anything.
        let _ = timeout_at(next, feed.look.notified()).await;
    }
}

/// How a process is, and what waits in its queues.
async fn standing(
    (process, caller): (&Process, &Caller),
) -> (OfProcess, Option<(String, [u64; 2])>) {
    let (fault, links, status) = tokio::join!(
        caller.call(FaultGet),
        caller.call(LinkGet),
        caller.call(Status::default())
    );
    let state = process.state();
    let links = links.ok();
    let status = status.ok().and_then(StatusAnswer::into_process);
    let waiting = status.map(|status| {
        let bytes = [status.traffic.outbox_bytes, status.traffic.inbox_bytes];
        (process.name.clone(), bytes)
    });
    let of_process = OfProcess {
        process: process.name.clone(),
        state: state.word(),
        reason: state.reason(),
        fault: fault.ok(),
        links: links.map(|rules| rules.into_iter().map(|one| one.rule).collect()),
    };
    (of_process, waiting)
}
