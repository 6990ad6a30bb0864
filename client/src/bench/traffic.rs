//! What the processes sent each other, by their own counters.

use futures_util::future::join_all;
use quorate_wire::method::{Status, StatusAnswer};

use crate::target::Target;

/// Messages and bytes sent between processes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sent {
    pub(crate) messages: u64,
    pub(crate) bytes: u64,
}

impl Sent {
    /// What all processes have sent until now. One that does not answer counts as nothing.
    pub(crate) async fn by_all(target: &Target) -> Self {
        let processes = target
            .processes
            .iter()
            .filter(|process| process.is_reachable());
        let answers =
            join_all(processes.map(|process| process.caller.call(Status::default()))).await;
        answers
            .into_iter()
            .flatten()
            .filter_map(StatusAnswer::into_process)
            .fold(Self::default(), |sum, status| Self {
                messages: sum.messages + status.traffic.messages_sent,
                bytes: sum.bytes + status.traffic.bytes_sent,
            })
    }

    /// What was sent between `before` and this.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            messages: self.messages.saturating_sub(before.messages),
            bytes: self.bytes.saturating_sub(before.bytes),
        }
    }
}
