//! One outbox per peer. It keeps two links open to the peer ([`crate::link`]) and sends what was pushed over them. What the
//! peer does not take yet waits, and goes out together in the next frame, as one batch.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};
use quorate_protocol::{Config, ReplicaId, Tagger};
use quorate_wire::{CallError, Fault, Seldom};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::link::{self, BATCH_BYTES, Envelope, Lane, Letter, Line, NUMBER, NotOpened, Written};

/// The most bytes that wait for a peer that takes them slowly or not at all: all the waiting requests of one speaker, the
/// batches that propose them, and two of the largest messages. So a load that one process may bring is not dropped on its
/// way. Beyond that the oldest messages of the fuller lane are dropped. Status messages repair that later.
pub(crate) fn room(protocol: &Config) -> usize {
    2 * (protocol.limits.waiting + protocol.largest().message())
}

/// The queue of messages for one peer.
#[derive(Debug)]
pub(crate) struct Outbox {
    queue: Arc<Queue>,
    /// The tasks that keep the links open. They end when this is dropped.
    _keepers: JoinSet<()>,
}

#[derive(Debug)]
struct Queue {
    peer: ReplicaId,
    /// The most bytes that wait.
    room: usize,
    waiting: Mutex<Waiting>,
    /// Notified when the link of the small lane, or of the large one, takes no more at the moment.
    stuck: [Notify; 2],
    /// Whether a log line has already said that the peer gives bad answers, or refuses links.
    complained: AtomicBool,
    /// A peer that opens every second link must not fill the log either.
    complaints: Seldom,
    losses: Seldom,
}

#[derive(Debug, Default)]
struct Waiting {
    small: Queued,
    large: Queued,
}

/// What waits in a lane.
#[derive(Debug, Default)]
struct Queued {
    messages: VecDeque<Letter>,
    bytes: usize,
    /// The link, while it is open.
    line: Option<Line>,
}

/// How far a lane has been sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    /// Nothing waits, or the link is not open.
    All,
    /// The link takes no more at the moment.
    Part,
}

impl Waiting {
    const fn lane(&mut self, lane: Lane) -> &mut Queued {
        match lane {
            Lane::Small => &mut self.small,
            Lane::Large => &mut self.large,
        }
    }

    /// Drops the oldest messages of the fuller lane until at most `room` bytes wait. Returns the numbers of those dropped.
    fn cut_to(&mut self, room: usize) -> Vec<u64> {
        let mut dropped = Vec::new();
        while self.small.bytes + self.large.bytes > room {
            let fuller = if self.small.bytes > self.large.bytes {
                &mut self.small
            } else {
                &mut self.large
            };
            let Some(oldest) = fuller.pop() else {
                break;
            };
            dropped.push(oldest.number);
        }
        dropped
    }
}

impl Queued {
    fn push(&mut self, letter: Letter) {
        self.bytes += letter.message.len();
        self.messages.push_back(letter);
    }

    fn pop(&mut self) -> Option<Letter> {
        let oldest = self.messages.pop_front()?;
        self.bytes -= oldest.message.len();
        Some(oldest)
    }

    /// The oldest messages, as many as one frame may carry.
    fn take(&mut self) -> Vec<Letter> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        while let Some(next) = self.messages.front() {
            bytes += next.message.len() + NUMBER;
            if !batch.is_empty() && bytes > BATCH_BYTES {
                break;
            }
            batch.extend(self.pop());
        }
        batch
    }

    /// Sends what waits, as far as the link takes it now.
    fn send(&mut self) -> std::io::Result<Sent> {
        loop {
            let Some(line) = &mut self.line else {
                return Ok(Sent::All);
            };
            if line.write()? == Written::Part {
                return Ok(Sent::Part);
            }
            if self.messages.is_empty() {
                return Ok(Sent::All);
            }
            let batch = self.take();
            if let Some(line) = &mut self.line {
                line.load(&batch);
            }
        }
    }
}

impl Outbox {
    /// An outbox that sends to this address as long as it exists. At most `room` bytes wait in it.
    pub(crate) fn start(
        envelope: &Envelope,
        peer: ReplicaId,
        room: usize,
        address: SocketAddr,
    ) -> Self {
        let queue = Arc::new(Queue::new(peer, room));
        let mut keepers = JoinSet::new();
        for lane in Lane::ALL {
            let (envelope, queue) = (envelope.clone(), Arc::clone(&queue));
            keepers.spawn(keep_open(envelope, address, queue, lane));
        }
        Self {
            queue,
            _keepers: keepers,
        }
    }

    /// Queues a message. [`Outbox::send`] sends it. Returns the numbers of the messages for which there is no room any more.
    pub(crate) fn push(&self, letter: Letter) -> Vec<u64> {
        self.queue.push(letter)
    }

    /// The bytes that wait.
    pub(crate) fn bytes(&self) -> usize {
        let waiting = self.queue.waiting();
        waiting.small.bytes + waiting.large.bytes
    }

    /// Sends all that is queued, as far as the peer takes it now. The rest follows by itself.
    pub(crate) fn send(&self) {
        for lane in Lane::ALL {
            self.queue.send(lane);
        }
    }
}

impl Queue {
    fn new(peer: ReplicaId, room: usize) -> Self {
        Self {
            peer,
            room,
            waiting: Mutex::default(),
            stuck: Default::default(),
            complained: AtomicBool::new(false),
            complaints: Seldom::default(),
            losses: Seldom::default(),
        }
    }

    fn push(&self, letter: Letter) -> Vec<u64> {
        let lane = Lane::of(&letter.message);
        let dropped = {
            let mut waiting = self.waiting();
            waiting.lane(lane).push(letter);
            waiting.cut_to(self.room)
        };
        if !dropped.is_empty()
            && let Some(lines_left_out) = self.losses.line(())
        {
            let peer = self.peer;
            tracing::info!(%peer, dropped = dropped.len(), lines_left_out, "too much waits for the peer: the oldest messages are dropped");
        }
        dropped
    }

    /// Sends what waits in a lane. A link that breaks meanwhile is left to its keeper, which notices that too.
    fn send(&self, lane: Lane) {
        let sent = self.waiting().lane(lane).send();
        match sent {
            Ok(Sent::All) => {}
            Ok(Sent::Part) | Err(_) => self.stuck(lane).notify_one(),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    const fn stuck(&self, lane: Lane) -> &Notify {
        let [small, large] = &self.stuck;
        match lane {
            Lane::Small => small,
            Lane::Large => large,
        }
    }

    /// Whether to log this failure as a warning: the first bad answer or refusal since the peer last opened a link. A
    /// peer that is away or overloaded comes back by itself. A peer that gives bad answers, such as HTTP status 403,
    /// most often needs help.
    fn complains_of(&self, error: &NotOpened) -> bool {
        let needs_help = match error {
            NotOpened::Refused(_) | NotOpened::Call(CallError::BadAnswer { .. }) => true,
            NotOpened::Call(CallError::Fault(fault)) => fault.code() != Fault::OVERLOADED,
            NotOpened::Call(_) | NotOpened::Broken(_) | NotOpened::TimedOut => false,
        };
        needs_help
            && !self.complained.swap(true, Ordering::Relaxed)
            && self.complaints.line(()).is_some()
    }

    /// Sends over an open link until it breaks. Returns why it has.
    async fn use_link(&self, lane: Lane, stream: TcpStream, tagger: Tagger) -> std::io::Error {
        let stream = Arc::new(stream);
        self.waiting().lane(lane).line = Some(Line::new(Arc::clone(&stream), tagger));
        let error = tokio::select! {
            error = link::watch_pulses(&stream) => error,
            error = self.send_rest(lane, &stream) => error,
        };
        self.waiting().lane(lane).line = None;
        error
    }

    /// Sends what waits, and each time that the link has taken a part only, the rest once the link takes more.
    async fn send_rest(&self, lane: Lane, stream: &TcpStream) -> std::io::Error {
        loop {
            let writable = stream.writable().await;
            let sent = writable.and_then(|()| self.waiting().lane(lane).send());
            match sent {
                Ok(Sent::All) => self.stuck(lane).notified().await,
                Ok(Sent::Part) => {}
                Err(error) => return error,
            }
        }
    }
}

/// Keeps the link of one lane open. Waits longer after each failed try.
async fn keep_open(envelope: Envelope, address: SocketAddr, queue: Arc<Queue>, lane: Lane) {
    let peer = queue.peer;
    let mut pauses = pauses();
    loop {
        match link::open(&envelope, address, lane).await {
            Ok((stream, tagger)) => {
                queue.complained.store(false, Ordering::Relaxed);
                let opened = Instant::now();
                let error = queue.use_link(lane, stream, tagger).await;
                tracing::debug!(%peer, ?lane, %error, "the link to the peer broke; it is opened again");
                if opened.elapsed() > LONGEST_PAUSE {
                    pauses = self::pauses();
                }
            }
            Err(error) if queue.complains_of(&error) => {
                tracing::warn!(%peer, %error, "the peer takes no messages; it is tried again and again");
            }
            Err(error) => tracing::debug!(%peer, ?lane, %error, "the peer opens no link now"),
        }
        tokio::time::sleep(pauses.next().unwrap_or(LONGEST_PAUSE)).await;
    }
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
    use std::sync::Arc;
    use std::time::Duration;

    use quorate_protocol::ReplicaId;
    use quorate_wire::{CallError, Fault};

    use super::{Lane, NotOpened, Outbox, Queue};
    use crate::tests::links::{envelope, letter};

    const LONG: Duration = Duration::from_secs(20);
    const Q: ReplicaId = ReplicaId(1);
    const ROOM: usize = 1024;

    #[tokio::test]
    async fn nothing_is_sent_any_more_once_the_outbox_is_gone() {
        let nowhere = ([127, 0, 0, 1], 1).into();
        let outbox = Outbox::start(&envelope(ReplicaId(0), Q), Q, ROOM, nowhere);
        outbox.push(letter([1].into()));
        outbox.send();
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
    fn the_first_bad_answer_or_refusal_is_shown_and_an_absence_never() {
        let queue = Queue::new(Q, ROOM);
        let away = CallError::Unreachable {
            address: String::new(),
            cause: String::new(),
        };
        let forbidden = || CallError::BadAnswer {
            address: String::new(),
            method: String::new(),
            cause: "HTTP status 403".into(),
        };
        let overloaded = CallError::from(Fault::overloaded("later"));
        assert!(!queue.complains_of(&away.into()));
        assert!(!queue.complains_of(&overloaded.into()));
        assert!(!queue.complains_of(&NotOpened::TimedOut));
        assert!(queue.complains_of(&forbidden().into()));
        assert!(!queue.complains_of(&forbidden().into()));
        let refusing = Queue::new(Q, ROOM);
        let refused = NotOpened::Refused("other keys".into());
        assert!(refusing.complains_of(&refused) && !refusing.complains_of(&refused));
    }

    /// The first bytes of the messages that the next frame of a lane has.
    fn next(queue: &Queue, lane: Lane) -> Vec<u8> {
        let batch = queue.waiting().lane(lane).take();
        batch.iter().map(|letter| letter.message[0]).collect()
    }

    #[test]
    fn what_waits_for_a_peer_is_bounded_and_the_oldest_goes_first() {
        let queue = Queue::new(Q, ROOM);
        let message = |tag: u8| vec![tag; ROOM / 4].into();
        for tag in 0..6 {
            queue.push(letter(message(tag)));
        }
        assert_eq!(next(&queue, Lane::Small), [2, 3, 4, 5]);
    }

    #[test]
    fn what_large_messages_leave_no_room_for_is_no_small_message() {
        let queue = Queue::new(Q, 4 * Lane::SMALL);
        let large = |tag: u8| vec![tag; Lane::SMALL + 1].into();
        queue.push(letter([9].into()));
        for tag in 0..8 {
            queue.push(letter(large(tag)));
        }
        queue.push(letter([10].into()));
        assert_eq!(next(&queue, Lane::Small), [9, 10]);
        assert_eq!(next(&queue, Lane::Large), [5, 6, 7]);
    }
}
