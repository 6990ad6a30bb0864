//! The packets that a node sends. Each is one call, which is never repeated. Their number is bounded, for each address and in
//! all, so an address that does not answer holds up no other.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use quorate_wire::Caller;
use quorate_wire::method::GatherTell;
use tokio::task::JoinSet;

/// The most calls under way to one address.
const MOST_AT_ONE: usize = 4;
/// The most calls under way.
const MOST: usize = 256;
/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// How many addresses may have an open connection.
const CONNECTIONS: usize = 128;

/// The calls under way.
#[derive(Default)]
pub(super) struct Calls {
    under_way: JoinSet<SocketAddr>,
    lines: BTreeMap<SocketAddr, Line>,
}

/// What is known of an address.
struct Line {
    caller: Caller,
    under_way: usize,
}

impl Calls {
    /// Sends a packet, unless too many are under way.
    pub(super) fn send(&mut self, to: SocketAddr, packet: Vec<u8>) {
        self.forget_finished();
        if self.under_way.len() >= MOST {
            tracing::debug!(%to, "a packet is not sent: {MOST} calls are under way");
            return;
        }
        let line = self.lines.entry(to).or_insert_with(|| Line {
            caller: Caller::new(to, PATIENCE),
            under_way: 0,
        });
        if line.under_way >= MOST_AT_ONE {
            tracing::debug!(%to, "a packet is not sent: {MOST_AT_ONE} calls are under way");
            return;
        }
        line.under_way += 1;
        let caller = line.caller.clone();
        self.under_way.spawn(async move {
            if let Err(error) = caller.call(GatherTell { packet }).await {
                tracing::debug!(%error, "a packet did not arrive");
            }
            to
        });
    }

    fn forget_finished(&mut self) {
        while let Some(finished) = self.under_way.try_join_next() {
            // A call does not panic, and nobody aborts it.
            let Ok(address) = finished else { continue };
            if let Some(line) = self.lines.get_mut(&address) {
                line.under_way -= 1;
            }
        }
        if self.lines.len() > CONNECTIONS {
            self.lines.retain(|_, line| line.under_way > 0);
        }
    }
}
