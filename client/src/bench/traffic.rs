//! The messages that the processes sent each other, by their own counters.

use anyhow::Context;
use futures_util::future::try_join_all;
use quorate_wire::method::{Status, StatusAnswer};

use crate::target::Target;

/// Messages and bytes sent between processes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sent {
    pub(crate) messages: u64,
    pub(crate) bytes: u64,
}

impl Sent {
    /// The messages and bytes that the processes have sent since they started. Counts the processes that answered at the start.
    ///
    /// # Errors
    /// One of them does not answer. Without its counters the figures would be wrong.
    pub(crate) async fn by_all(target: &Target) -> anyhow::Result<Self> {
        let processes = target
            .processes
            .iter()
            .filter(|process| process.is_reachable());
        let statuses = processes.map(async |process| {
            let status = process.call(Status::default()).await;
            status
                .with_context(|| format!("process {} does not say what it has sent", process.name))
        });
        let statuses = try_join_all(statuses).await?;
        Ok(statuses
            .into_iter()
            .filter_map(StatusAnswer::into_process)
            .fold(Self::default(), |sum, status| Self {
                messages: sum.messages + status.traffic.messages_sent,
                bytes: sum.bytes + status.traffic.bytes_sent,
            }))
    }

    /// The messages and bytes between `before` and this.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            messages: self.messages.saturating_sub(before.messages),
            bytes: self.bytes.saturating_sub(before.bytes),
        }
    }
}
