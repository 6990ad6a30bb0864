//! One outbox per peer. Messages that gather while calls are in flight go out together in the next call, as one batch. Small
//! messages, such as votes, have calls of their own, so they do not wait behind megabytes of batches and bodies.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use quorate_host::{Head, join};
use quorate_protocol::{Config, PairKey, ReplicaId};
use quorate_wire::method::Deliver;
use quorate_wire::{CallError, Caller, Fault, Seldom};
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// The most calls to one peer that are in flight at a time in each lane.
const CALLS_IN_FLIGHT: usize = 2;
/// Messages of at most so many bytes take the lane of the small ones. A vote has some 120 bytes, and a certificate of 31
/// signatures some 3 KiB.
const SMALL: usize = 4 * 1024;
/// The most bytes of messages in one call, unless a single message is larger.
pub(crate) const BATCH_BYTES: usize = 512 * 1024;
/// How long a peer may take to answer a call with a batch.
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// The most bytes that wait for a peer that takes them slowly or not at all: all the waiting requests of one speaker, the
/// batches that propose them, and two of the largest messages. So a load that one process may bring is not dropped on its
/// way. Beyond that the oldest messages of the fuller lane are dropped. Status messages repair that later.
pub(crate) fn room(protocol: &Config) -> usize {
    2 * (protocol.limits.waiting + protocol.largest().message())
}

/// What turns messages into a call.
#[derive(Clone, Debug)]
pub(crate) struct Envelope {
    /// The head of every batch.
    pub(crate) head: Head,
    /// What the sender shares with the peer.
    pub(crate) pair: PairKey,
}

/// The queue of messages for one peer.
#[derive(Debug)]
pub(crate) struct Outbox {
    queue: Arc<Queue>,
    /// The tasks that send. They end when this is dropped.
    _senders: JoinSet<()>,
}

#[derive(Debug)]
struct Queue {
    peer: ReplicaId,
    /// The most bytes that wait.
    room: usize,
    waiting: Mutex<Waiting>,
    small_arrived: Notify,
    large_arrived: Notify,
    /// Whether a log line has already said that the peer gives bad answers, or refuses what it gets.
    complained: AtomicBool,
    /// A peer that takes every second batch must not fill the log either.
    complaints: Seldom,
    losses: Seldom,
}

/// Which messages a sender sends.
#[derive(Clone, Copy, Debug)]
enum Size {
    Small,
    Large,
}

#[derive(Debug, Default)]
struct Waiting {
    small: Lane,
    large: Lane,
}

#[derive(Debug, Default)]
struct Lane {
    messages: VecDeque<Arc<[u8]>>,
    bytes: usize,
}

impl Size {
    fn of(message: &[u8]) -> Self {
        if message.len() <= SMALL {
            Self::Small
        } else {
            Self::Large
        }
    }
}

impl Waiting {
    const fn lane(&mut self, size: Size) -> &mut Lane {
        match size {
            Size::Small => &mut self.small,
            Size::Large => &mut self.large,
        }
    }

    /// Drops the oldest messages of the fuller lane until at most `room` bytes wait. Returns how many it has dropped.
    fn cut_to(&mut self, room: usize) -> usize {
        let mut dropped = 0;
        while self.small.bytes + self.large.bytes > room {
            let fuller = if self.small.bytes > self.large.bytes {
                &mut self.small
            } else {
                &mut self.large
            };
            if fuller.pop().is_none() {
                break;
            }
            dropped += 1;
        }
        dropped
    }
}

impl Lane {
    fn push(&mut self, message: Arc<[u8]>) {
        self.bytes += message.len();
        self.messages.push_back(message);
    }

    fn pop(&mut self) -> Option<Arc<[u8]>> {
        let oldest = self.messages.pop_front()?;
        self.bytes -= oldest.len();
        Some(oldest)
    }

    /// The oldest messages, as many as one call may carry.
    fn take(&mut self) -> Vec<Arc<[u8]>> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        while let Some(next) = self.messages.front() {
            bytes += next.len();
            if !batch.is_empty() && bytes > BATCH_BYTES {
                break;
            }
            batch.extend(self.pop());
        }
        batch
    }
}

impl Outbox {
    /// An outbox that sends as long as it exists. At most `room` bytes wait in it.
    pub(crate) fn start(
        envelope: &Envelope,
        peer: ReplicaId,
        room: usize,
        caller: &Caller,
    ) -> Self {
        let queue = Arc::new(Queue::new(peer, room));
        let mut senders = JoinSet::new();
        for size in [Size::Small, Size::Large] {
            for _ in 0..CALLS_IN_FLIGHT {
                let (envelope, queue) = (envelope.clone(), Arc::clone(&queue));
                senders.spawn(send_batches(envelope, caller.clone(), queue, size));
            }
        }
        Self {
            queue,
            _senders: senders,
        }
    }

    /// Queues an encoded message.
    pub(crate) fn push(&self, message: Arc<[u8]>) {
        self.queue.push(message);
    }
}

impl Envelope {
    fn call(&self, messages: &[Arc<[u8]>]) -> Deliver {
        let batch = join(self.head, messages);
        let tag = self.pair.tag(self.head.sender, &batch).to_vec();
        Deliver { batch, tag }
    }
}

impl Queue {
    fn new(peer: ReplicaId, room: usize) -> Self {
        Self {
            peer,
            room,
            waiting: Mutex::default(),
            small_arrived: Notify::new(),
            large_arrived: Notify::new(),
            complained: AtomicBool::new(false),
            complaints: Seldom::default(),
            losses: Seldom::default(),
        }
    }

    fn push(&self, message: Arc<[u8]>) {
        let size = Size::of(&message);
        let dropped = {
            let mut waiting = self.waiting();
            waiting.lane(size).push(message);
            waiting.cut_to(self.room)
        };
        if dropped > 0
            && let Some(lines_left_out) = self.losses.line(())
        {
            let peer = self.peer;
            tracing::info!(%peer, dropped, lines_left_out, "too much waits for the peer: the oldest messages are dropped");
        }
        self.arrived(size).notify_one();
    }

    fn take(&self, size: Size) -> Vec<Arc<[u8]>> {
        let mut waiting = self.waiting();
        let lane = waiting.lane(size);
        let batch = lane.take();
        if !lane.messages.is_empty() {
            self.arrived(size).notify_one();
        }
        batch
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    const fn arrived(&self, size: Size) -> &Notify {
        match size {
            Size::Small => &self.small_arrived,
            Size::Large => &self.large_arrived,
        }
    }

    /// Whether to log this failure as a warning: the first bad answer or refusal since the peer last took a batch. A
    /// peer that is away or overloaded comes back by itself. A peer that gives bad answers, such as HTTP status 403,
    /// most often needs help.
    fn complains_of(&self, error: &CallError) -> bool {
        let needs_help = match error {
            CallError::BadAnswer { .. } => true,
            CallError::Fault(fault) => !passes(fault),
            _ => false,
        };
        needs_help
            && !self.complained.swap(true, Ordering::Relaxed)
            && self.complaints.line(()).is_some()
    }

    async fn next_batch(&self, size: Size) -> Vec<Arc<[u8]>> {
        loop {
            let batch = self.take(size);
            if !batch.is_empty() {
                return batch;
            }
            self.arrived(size).notified().await;
        }
    }
}

/// Sends one batch after another, of one lane. Tries each until the peer takes or refuses it. Waits longer after each failed try.
async fn send_batches(envelope: Envelope, caller: Caller, queue: Arc<Queue>, size: Size) {
    let peer = queue.peer;
    loop {
        let call = envelope.call(&queue.next_batch(size).await);
        let mut pauses = pauses();
        let mut taken = true;
        while let Err(error) = caller.call(call.clone()).await {
            let complains = queue.complains_of(&error);
            if let CallError::Fault(fault) = &error
                && !passes(fault)
            {
                if complains {
                    tracing::warn!(%peer, %fault, "the peer refuses what it is sent; that is dropped");
                } else {
                    tracing::debug!(%peer, %fault, "the peer refuses a batch again");
                }
                taken = false;
                break;
            }
            let pause = pauses.next().unwrap_or(LONGEST_PAUSE);
            let pause = match &error {
                error if error.is_overload() => pause.min(BUSY_PAUSE),
                _ => pause,
            };
            if complains {
                tracing::warn!(%peer, %error, "the peer takes no batches; it is tried again and again");
            } else {
                tracing::debug!(%peer, %error, ?pause, "the peer takes no batch now");
            }
            tokio::time::sleep(pause).await;
        }
        if taken {
            queue.complained.store(false, Ordering::Relaxed);
        }
    }
}

/// Whether a peer that answers with this fault may soon take what it refuses now.
fn passes(fault: &Fault) -> bool {
    [Fault::OVERLOADED, Fault::NOT_FOUNDED].contains(&fault.code())
}

const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause before an overloaded peer is tried again. Its inbox empties within a few turns, so a longer pause would
/// leave it idle.
const BUSY_PAUSE: Duration = Duration::from_millis(80);

fn pauses() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(20))
        .with_max_delay(LONGEST_PAUSE)
        .without_max_times()
        .build()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use quorate_host::Head;
    use quorate_protocol::{ClusterId, Keys, ReplicaId};
    use quorate_wire::method::Deliver;
    use quorate_wire::{CallError, Caller, Endpoint, Fault};
    use tokio::net::TcpListener;
    use tokio::sync::mpsc;

    use super::{BATCH_BYTES, CALLS_IN_FLIGHT, Envelope, Outbox, Queue, SMALL, Size};

    const LONG: Duration = Duration::from_secs(20);
    const Q: ReplicaId = ReplicaId(1);
    const ROOM: usize = 1024;

    /// Of P to Q.
    fn envelope() -> Envelope {
        let (cluster, sender) = (ClusterId([7; 32]), ReplicaId(0));
        let keys = Keys::simulated(sender, 2, cluster);
        Envelope {
            head: Head { cluster, sender },
            pair: keys.shared_with(ReplicaId(1)).unwrap(),
        }
    }

    #[tokio::test]
    async fn a_batch_that_an_overloaded_peer_refuses_is_sent_again() {
        let (taken, mut batches) = mpsc::unbounded_channel();
        let calls = Arc::new(AtomicUsize::new(0));
        let peer = Endpoint::new().method(move |call: Deliver| {
            let overloaded = calls.fetch_add(1, Ordering::Relaxed) < 2;
            let taken = taken.clone();
            async move {
                if overloaded {
                    return Err(Fault::overloaded("try again later"));
                }
                taken.send(call).unwrap();
                Ok(1)
            }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let caller = Caller::new(listener.local_addr().unwrap(), LONG);
        tokio::spawn(peer.serve(listener, std::future::pending()));
        let outbox = Outbox::start(&envelope(), Q, ROOM, &caller);
        outbox.push([1, 2, 3].into());
        let batch = tokio::time::timeout(LONG, batches.recv()).await;
        let batch = batch.unwrap().unwrap();
        assert_eq!(batch, envelope().call(&[[1, 2, 3].into()]));
    }

    #[tokio::test]
    async fn nothing_is_sent_any_more_once_the_outbox_is_gone() {
        let nowhere = Caller::new(([127, 0, 0, 1], 1).into(), LONG);
        let outbox = Outbox::start(&envelope(), Q, ROOM, &nowhere);
        outbox.push([1].into());
        let queue = Arc::downgrade(&outbox.queue);
        drop(outbox);
        let gone = async {
            while queue.upgrade().is_some() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(LONG, gone).await.unwrap();
    }

    #[test]
    fn the_first_bad_answer_is_shown_and_an_absence_never() {
        let queue = Queue::new(Q, ROOM);
        let away = CallError::Unreachable {
            address: String::new(),
            cause: String::new(),
        };
        let forbidden = CallError::BadAnswer {
            address: String::new(),
            method: String::new(),
            cause: "HTTP status 403".into(),
        };
        assert!(!queue.complains_of(&away));
        assert!(!queue.complains_of(&Fault::overloaded("later").into()));
        let refused = Fault::new(Fault::WRONG_PARAMETERS, "other keys");
        let refusing = Queue::new(Q, ROOM);
        assert!(refusing.complains_of(&refused.clone().into()));
        assert!(!refusing.complains_of(&refused.into()));
        assert!(queue.complains_of(&forbidden));
        assert!(!queue.complains_of(&forbidden));
    }

    #[test]
    fn what_waits_for_a_peer_is_bounded_and_the_oldest_goes_first() {
        let queue = Queue::new(Q, ROOM);
        let message = |tag: u8| vec![tag; ROOM / 4].into();
        for tag in 0..6 {
            queue.push(message(tag));
        }
        assert_eq!(queue.take(Size::Small)[0][0], 2, "0 and 1 should have gone");
    }

    #[test]
    fn what_large_messages_leave_no_room_for_is_no_small_message() {
        let queue = Queue::new(Q, 4 * SMALL);
        let large = |tag: u8| vec![tag; SMALL + 1].into();
        queue.push([9].into());
        for tag in 0..8 {
            queue.push(large(tag));
        }
        queue.push([10].into());
        let small = queue.take(Size::Small);
        let small: Vec<u8> = small.iter().map(|message| message[0]).collect();
        assert_eq!(small, [9, 10]);
        let large = queue.take(Size::Large);
        let large: Vec<u8> = large.iter().map(|message| message[0]).collect();
        assert_eq!(large, [5, 6, 7]);
    }

    #[tokio::test]
    async fn a_small_message_does_not_wait_behind_large_ones_that_the_peer_is_slow_to_take() {
        let (taken, mut batches) = mpsc::unbounded_channel();
        let peer = Endpoint::new().method(move |call: Deliver| {
            let taken = taken.clone();
            async move {
                if call.batch.len() > SMALL {
                    std::future::pending::<()>().await;
                }
                taken.send(call).unwrap();
                Ok(1)
            }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let caller = Caller::new(listener.local_addr().unwrap(), LONG);
        tokio::spawn(peer.serve(listener, std::future::pending()));
        let outbox = Outbox::start(&envelope(), Q, 8 * BATCH_BYTES, &caller);
        for _ in 0..=CALLS_IN_FLIGHT {
            outbox.push(vec![0; BATCH_BYTES].into());
        }
        outbox.push([1, 2, 3].into());
        let batch = tokio::time::timeout(LONG, batches.recv()).await;
        let batch = batch.unwrap().unwrap();
        assert_eq!(batch, envelope().call(&[[1, 2, 3].into()]));
    }
}
