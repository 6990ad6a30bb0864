//! Waits for many processes at once. Those that need not answer hold nobody up.

use std::pin::pin;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use crate::target::{Process, Target};

/// How long the other processes may still take once all that must answer have answered.
const GRACE: Duration = Duration::from_secs(1);

/// Why there is no answer.
pub(crate) const NOT_AWAITED: &str = "no answer within 1s after the others";

/// Calls that are made at the same time, to processes that must answer and to others.
pub(crate) struct Grace {
    /// How many calls are open that must be answered. `None`: every call is waited for.
    open: Option<watch::Sender<usize>>,
}

impl Grace {
    /// For so many calls to each process. The processes that said at the start that they are correct must answer, if they are
    /// enough to decide. If not, every process is waited for.
    pub(crate) fn for_calls(target: &Target, calls_each: usize) -> Self {
        let correct = target.correct().count();
        if correct < target.enough() {
            return Self { open: None };
        }
        Self::new(correct * calls_each)
    }

    /// For so many calls that must be answered, among others.
    pub(crate) fn new(awaited: usize) -> Self {
        Self {
            open: Some(watch::Sender::new(awaited)),
        }
    }

    /// The result of one call. `None`: the process need not answer, and has not answered within the grace.
    pub(crate) async fn wait<T>(&self, must: bool, call: impl Future<Output = T>) -> Option<T> {
        let Some(open) = &self.open else {
            return Some(call.await);
        };
        if must {
            let result = call.await;
            open.send_modify(|open| *open = open.saturating_sub(1));
            return Some(result);
        }
        let over = async {
            // The sender is there as long as this is.
            let _ = open.subscribe().wait_for(|open| *open == 0).await;
            sleep(GRACE).await;
        };
        let (mut call, over) = (pin!(call), pin!(over));
        tokio::select! {
            biased;
            result = &mut call => Some(result),
            () = over => None,
        }
    }
}

/// Whether a process must answer, because it has said that it is correct.
pub(crate) fn must_answer(process: &Process) -> bool {
    process.status.is_ok() && process.is_correct()
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use futures_util::future::join3;
    use tokio::time::{Instant, sleep};

    use super::{Duration, GRACE, Grace};

    const MINUTE: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn the_others_have_a_second_after_all_that_must_answer() {
        let (grace, started) = (Grace::new(2), Instant::now());
        let all = join3(
            grace.wait(true, async {}),
            grace.wait(true, sleep(MINUTE)),
            grace.wait(false, pending::<()>()),
        );
        assert_eq!(all.await, (Some(()), Some(()), None));
        assert_eq!(started.elapsed(), MINUTE + GRACE);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_answers_within_it_is_heard() {
        let grace = Grace::new(1);
        let late = async {
            sleep(MINUTE + GRACE / 2).await;
            7
        };
        let all = join3(
            grace.wait(true, sleep(MINUTE)),
            grace.wait(false, late),
            grace.wait(false, async { 8 }),
        );
        assert_eq!(all.await, (Some(()), Some(7), Some(8)));
    }

    #[tokio::test(start_paused = true)]
    async fn if_too_few_must_answer_all_are_waited_for() {
        let grace = Grace { open: None };
        assert_eq!(grace.wait(false, sleep(MINUTE)).await, Some(()));
    }
}
