//! The messages that the processes sent each other, by their own counters.

use anyhow::Context;
use futures_util::future::try_join_all;
use quorate_wire::method::Status;

use crate::grace::{Grace, must_answer};
use crate::target::Target;

/// Messages and bytes sent between processes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sent {
    pub(crate) messages: u64,
    pub(crate) bytes: u64,
}

/// What each process has sent since it started. `None`: it was not reachable at the start, or it need not answer and does not.
pub(crate) struct Counters(Vec<Option<Sent>>);

impl Counters {
    /// Asks all processes.
    ///
    /// # Errors
    /// One that must answer does not. Without its counters the figures would be wrong.
    pub(crate) async fn of_all(target: &Target) -> anyhow::Result<Self> {
        let grace = Grace::for_calls(target, 1);
        let grace = &grace;
        let counters = target.processes.iter().map(async |process| {
            if !process.is_reachable() {
                return Ok(None);
            }
            let must = must_answer(process);
            match grace.wait(must, process.call(Status::default())).await {
                Some(Ok(status)) => Ok(status.into_process().map(|status| Sent {
                    messages: status.traffic.messages_sent,
                    bytes: status.traffic.bytes_sent,
                })),
                Some(Err(error)) if process.is_correct() => Err(error).with_context(|| {
                    format!("process {} does not say what it has sent", process.name)
                }),
                Some(Err(_)) | None => Ok(None),
            }
        });
        Ok(Self(try_join_all(counters).await?))
    }

    /// What was sent between `before` and this, by the processes that answered both times.
    pub(crate) fn since(&self, before: &Self) -> Sent {
        let both = self.0.iter().zip(&before.0);
        let both = both.filter_map(|(after, before)| (*after).zip(*before));
        both.fold(Sent::default(), |sum, (after, before)| Sent {
            messages: sum.messages + after.messages.saturating_sub(before.messages),
            bytes: sum.bytes + after.bytes.saturating_sub(before.bytes),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Counters, Sent};

    #[test]
    fn a_process_counts_if_it_answered_before_and_after() {
        let sent = |messages| {
            Some(Sent {
                messages,
                bytes: 10 * messages,
            })
        };
        let before = Counters(vec![sent(5), None, sent(7), None]);
        let after = Counters(vec![sent(8), sent(9), None, None]);
        let since = after.since(&before);
        assert_eq!((since.messages, since.bytes), (3, 30));
    }
}
