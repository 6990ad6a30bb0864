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

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use quorate_wire::Endpoint;
    use quorate_wire::method::GatherTell;
    use tokio::net::TcpListener;
    use tokio::sync::mpsc;

    use super::{Calls, MOST, MOST_AT_ONE};

    /// Takes connections, and never answers.
    async fn silent() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    #[tokio::test]
    async fn an_address_that_does_not_answer_holds_up_no_other_and_gets_few_calls() {
        let (_held, silent) = silent().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = listener.local_addr().unwrap();
        let (packets, mut arrived) = mpsc::channel(8);
        let endpoint = Endpoint::new().method(move |call: GatherTell| {
            let taken = packets.try_send(call.packet).is_ok();
            async move { Ok(taken) }
        });
        tokio::spawn(endpoint.serve(listener, std::future::pending()));
        let mut calls = Calls::default();
        for _ in 0..100 {
            calls.send(silent, vec![1]);
        }
        assert_eq!(calls.under_way.len(), MOST_AT_ONE);
        calls.send(good, vec![2]);
        assert_eq!(arrived.recv().await, Some(vec![2]));
    }

    #[tokio::test]
    async fn many_addresses_that_do_not_answer_get_a_bounded_number_of_calls() {
        let mut calls = Calls::default();
        let mut held = Vec::new();
        for _ in 0..=MOST / MOST_AT_ONE {
            let (listener, address) = silent().await;
            held.push(listener);
            for _ in 0..MOST_AT_ONE {
                calls.send(address, vec![1]);
            }
        }
        assert_eq!(calls.under_way.len(), MOST);
    }
}
