//! One outbox per peer: what gathers while calls are in flight goes into the next call, as one batch.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use quorate_protocol::{ReplicaId, SignedMessage};
use quorate_wire::method::Deliver;
use quorate_wire::{CallError, Caller};
use tokio::sync::Notify;

/// How many calls to one peer are in flight at a time.
const CALLS_IN_FLIGHT: usize = 2;
/// How many bytes of messages one call carries, unless one message alone is larger.
const BATCH_BYTES: usize = 512 * 1024;
/// How many bytes wait for a peer that does not answer; beyond, the oldest messages go, and status messages repair it.
const WAITING_BYTES: usize = 16 * 1024 * 1024;
/// How long a peer may take for one batch.
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// The way to one peer.
#[derive(Clone, Debug)]
pub(crate) struct Outbox {
    queue: Arc<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    messages: VecDeque<Arc<[u8]>>,
    bytes: usize,
}

impl Outbox {
    /// An outbox whose calls go out as long as it, or a clone of it, lives.
    pub(crate) fn start(peer: ReplicaId, caller: &Caller) -> Self {
        let queue = Arc::new(Queue::default());
        for _ in 0..CALLS_IN_FLIGHT {
            tokio::spawn(send_batches(peer, caller.clone(), Arc::clone(&queue)));
        }
        Self { queue }
    }

    /// Queues an encoded message.
    pub(crate) fn push(&self, message: Arc<[u8]>) {
        self.queue.push(message);
    }
}

impl Queue {
    fn push(&self, message: Arc<[u8]>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.bytes += message.len();
        waiting.messages.push_back(message);
        while waiting.bytes > WAITING_BYTES
            && let Some(oldest) = waiting.messages.pop_front()
        {
            waiting.bytes -= oldest.len();
        }
        drop(waiting);
        self.arrived.notify_one();
    }

    fn take(&self) -> Vec<Arc<[u8]>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut batch = Vec::new();
        let mut bytes = 0;
        while let Some(next) = waiting.messages.front() {
            if !batch.is_empty() && bytes + next.len() > BATCH_BYTES {
                break;
            }
            bytes += next.len();
            batch.extend(waiting.messages.pop_front());
        }
        waiting.bytes -= bytes;
        if !waiting.messages.is_empty() {
            self.arrived.notify_one();
        }
        batch
    }

    async fn next_batch(&self) -> Vec<Arc<[u8]>> {
        loop {
            let batch = self.take();
            if !batch.is_empty() {
                return batch;
            }
            self.arrived.notified().await;
        }
    }
}

/// Encodes one message, once for all its recipients.
#[expect(
    clippy::expect_used,
    reason = "encoding plain data into a growing buffer cannot fail"
)]
pub(crate) fn encode(message: &SignedMessage) -> Arc<[u8]> {
    postcard::to_stdvec(message)
        .expect("plain data encodes")
        .into()
}

/// Reads a batch as [`join`] makes it.
pub(crate) fn decode(batch: &[u8]) -> Result<Vec<SignedMessage>, postcard::Error> {
    let mut messages = Vec::new();
    let mut rest = batch;
    while !rest.is_empty() {
        let (message, after) = postcard::take_from_bytes(rest)?;
        messages.push(message);
        rest = after;
    }
    Ok(messages)
}

/// A batch is its messages, one behind the other.
fn join(messages: &[Arc<[u8]>]) -> Vec<u8> {
    messages.concat()
}

/// Sends batch after batch, each until the peer has taken it: a peer that is away is tried again ever more seldom.
async fn send_batches(peer: ReplicaId, caller: Caller, queue: Arc<Queue>) {
    loop {
        let batch = join(&queue.next_batch().await);
        let mut pauses = pauses();
        while let Err(error) = deliver(&caller, &batch).await {
            if let CallError::Fault(fault) = &error {
                tracing::warn!(%peer, %fault, "the peer refuses a batch; it is dropped");
                break;
            }
            let pause = pauses.next().unwrap_or(LONGEST_PAUSE);
            tracing::debug!(%peer, %error, ?pause, "the peer is away");
            tokio::time::sleep(pause).await;
        }
    }
}

async fn deliver(caller: &Caller, batch: &[u8]) -> Result<i32, CallError> {
    caller
        .call(Deliver {
            batch: batch.to_vec(),
        })
        .await
}

const LONGEST_PAUSE: Duration = Duration::from_secs(1);

fn pauses() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(20))
        .with_max_delay(LONGEST_PAUSE)
        .without_max_times()
        .build()
}

#[cfg(test)]
mod tests {
    use super::{Queue, WAITING_BYTES, decode};

    #[test]
    fn what_waits_for_a_peer_is_bounded_and_the_oldest_goes_first() {
        let queue = Queue::default();
        let message = |tag: u8| vec![tag; WAITING_BYTES / 4].into();
        for tag in 0..6 {
            queue.push(message(tag));
        }
        assert_eq!(queue.take()[0][0], 2, "0 and 1 should have gone");
    }

    #[test]
    fn a_batch_that_is_cut_off_is_refused() {
        assert!(decode(&[0xff; 7]).is_err());
        assert_eq!(decode(&[]), Ok(Vec::new()));
    }
}
