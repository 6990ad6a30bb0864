//! The peers' links to this process. Anyone may ask for a link, but only a peer can open one, so nobody else fills that
//! peer's room. A peer has one link of each lane: a new one takes the place of the last, which may be half-open.

use std::collections::BTreeSet;
use std::io;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use quorate_host::Batch;
use quorate_protocol::{ClusterId, PairKey, Quorum, ReplicaId, TAG, Tagger};
use quorate_wire::endpoint::async_trait;
use quorate_wire::{Link, Links, Seldom};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{Notify, Semaphore};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::opening::{Opening, refuse, welcome};
use super::{BATCH_BYTES, FRAME_TIME, Lane, OPENING_TIME, PULSE};
use crate::config::NodeConfig;
use crate::inbox::{IntoInbox, Refused};

/// The length of a frame's batch, and its tag.
const HEAD: usize = size_of::<u32>() + TAG;
/// How many bytes are asked for in one read.
const READ: usize = 32 * 1024;
/// How many large frames may arrive at once, of all peers together. In a cluster with more liars than that it is f+1: liars that
/// never end their frames leave one for the others.
const LARGE: usize = 8;

/// Takes the peers' links and puts what comes over them into the inbox.
pub(crate) struct Reception {
    own: ReplicaId,
    cluster: ClusterId,
    /// What it shares with each other process.
    pairs: Vec<Option<PairKey>>,
    /// The most bytes of a batch with a single message.
    largest: usize,
    /// Who may send a frame that is larger than [`BATCH_BYTES`].
    large: Semaphore,
    inbox: IntoInbox<Batch>,
    /// By peer and lane: notified when a new link takes the place of the current one.
    places: Vec<[Mutex<Arc<Notify>>; 2]>,
    /// The peers of which it was said that they have the keys of another cluster.
    strangers: Mutex<BTreeSet<ReplicaId>>,
    complaints: Seldom<ReplicaId>,
}

/// A link that is open.
struct Open {
    peer: ReplicaId,
    lane: Lane,
    tagger: Tagger,
    replaced: Arc<Notify>,
}

/// Why a link has ended.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("the peer closed it")]
    Closed,
    #[error("it broke within a frame")]
    WithinFrame,
    #[error("a newer link of the peer takes its place")]
    Replaced,
    #[error("its messages are not taken: {0:?}")]
    NotTaken(Refused),
    #[error(transparent)]
    Broken(#[from] io::Error),
    #[error("a frame of {0} bytes is longer than the longest of a correct peer")]
    TooLong(usize),
    #[error("a frame did not arrive within {FRAME_TIME:?}")]
    Late,
    #[error("a frame has a wrong tag, so it does not come from the peer")]
    WrongTag,
}

impl Ended {
    /// Whether people need to know.
    const fn is_bad(&self) -> bool {
        matches!(self, Self::TooLong(_) | Self::Late | Self::WrongTag)
    }
}

#[async_trait]
impl Links for Reception {
    async fn serve(&self, mut link: Link) {
        let opened = tokio::time::timeout(OPENING_TIME, self.open(&mut link)).await;
        let mut open = match opened {
            Ok(Ok(Some(open))) => open,
            Ok(Ok(None)) => return,
            Ok(Err(error)) => return tracing::debug!(%error, "a link broke before it was open"),
            Err(_) => return tracing::debug!("nobody opened a link in time"),
        };
        let (peer, lane) = (open.peer, open.lane);
        let replaced = Arc::clone(&open.replaced);
        let ended = tokio::select! {
            () = replaced.notified() => Ended::Replaced,
            ended = self.receive(link, &mut open) => ended.err().unwrap_or(Ended::Closed),
        };
        if ended.is_bad() {
            if let Some(left_out) = self.complaints.line(peer) {
                tracing::warn!(%peer, ?lane, %ended, left_out, "a link of the peer is closed");
            }
        } else {
            tracing::debug!(%peer, ?lane, %ended, "a link of the peer has ended");
        }
    }
}

impl Reception {
    /// `pairs`: what this process shares with each of all processes. `largest`: the most bytes of a message.
    pub(crate) fn new(
        config: &NodeConfig,
        pairs: Vec<Option<PairKey>>,
        largest: usize,
        inbox: IntoInbox<Batch>,
    ) -> Self {
        let n = u32::try_from(pairs.len()).ok().and_then(NonZeroU32::new);
        let one_correct = n.map_or(1, |n| Quorum::of(n).one_correct());
        Self {
            own: ReplicaId(config.index),
            cluster: ClusterId(config.cluster),
            places: pairs.iter().map(|_| Default::default()).collect(),
            pairs,
            largest: largest.max(BATCH_BYTES),
            large: Semaphore::new(one_correct.max(LARGE)),
            inbox,
            strangers: Mutex::default(),
            complaints: Seldom::default(),
        }
    }

    /// `None`: the opener was told why it gets no link.
    async fn open(&self, link: &mut Link) -> io::Result<Option<Open>> {
        let opening = Opening::read(link).await?;
        match self.judge(&opening) {
            Ok(open) => {
                link.admit();
                welcome(link).await?;
                Ok(Some(open))
            }
            Err(why) => refuse(link, &why).await.map(|()| None),
        }
    }

    /// The link, or why it is refused.
    fn judge(&self, opening: &Opening) -> Result<Open, String> {
        let (own, peer) = (self.own, opening.sender);
        if opening.cluster != self.cluster {
            self.complain_of_stranger(peer);
            return Err(format!(
                "{own} has the keys of another cluster than {peer}: run `server keygen --config FILE` once and give its keys to all"
            ));
        }
        let pair = self.pairs.get(peer.0 as usize).and_then(Option::as_ref);
        let tagger = pair.and_then(|pair| opening.tagger(pair));
        let tagger = tagger.ok_or_else(|| format!("{peer} has not made the tag for {own}"))?;
        let lane = opening.lane.ok_or("it has no such lane")?;
        let place = self.places.get(peer.0 as usize).ok_or("no such peer")?;
        let mut place = place[lane as usize]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let last = std::mem::take(&mut *place);
        last.notify_one();
        Ok(Open {
            peer,
            lane,
            tagger,
            replaced: Arc::clone(&place),
        })
    }

    /// Logs once for each peer that its keys are of another cluster.
    fn complain_of_stranger(&self, peer: ReplicaId) {
        let own = self.own;
        let is_peer = (peer.0 as usize) < self.pairs.len();
        let mut strangers = self
            .strangers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if is_peer && strangers.insert(peer) {
            tracing::warn!(
                process = %own,
                "{peer}'s messages are signed under the keys of another cluster, so {own} ignores them. Nodes with keys of their own form clusters of their own: run `server keygen --config FILE` once, copy its keys.json to every machine and each secret key to the machine of its node, and start the nodes with --keys and --secret-key"
            );
        }
    }

    /// Takes frames until the link ends.
    async fn receive(&self, link: Link, open: &mut Open) -> Result<(), Ended> {
        let mut reader = Reader::new(link);
        while let Some(length) = reader.next_length().await? {
            let large = self.may_come(&mut reader, open.lane, length).await?;
            let arrival = reader.whole(HEAD + length);
            match &large {
                None => arrival.await?,
                Some(_) => within(FRAME_TIME, arrival).await?,
            }
            let frame = reader.frame(length).ok_or(Ended::WithinFrame)?;
            let batch = self.check(open, frame)?;
            reader.forget(length);
            drop(large);
            let bytes = if batch.messages.is_empty() { 0 } else { length };
            self.keep(&mut reader, open.peer, bytes, batch).await?;
        }
        Ok(())
    }

    /// Waits until a frame of this length may come. A large one gets a permit for the time of its arrival.
    async fn may_come(
        &self,
        reader: &mut Reader,
        lane: Lane,
        length: usize,
    ) -> Result<Option<tokio::sync::SemaphorePermit<'_>>, Ended> {
        let longest = match lane {
            Lane::Small => BATCH_BYTES,
            Lane::Large => self.largest,
        };
        if length > longest {
            return Err(Ended::TooLong(length));
        }
        if length <= BATCH_BYTES {
            return Ok(None);
        }
        let permit = reader.pulsing(self.large.acquire()).await?;
        permit
            .map(Some)
            .map_err(|_| Ended::NotTaken(Refused::Closed))
    }

    /// The batch in a frame.
    fn check(&self, open: &mut Open, frame: Frame<'_>) -> Result<Batch, Ended> {
        if !open.tagger.holds(frame.batch, frame.tag) {
            return Err(Ended::WrongTag);
        }
        let peer = open.peer;
        match Batch::read_numbered(peer, frame.batch) {
            Ok(batch) => Ok(batch),
            Err(error) => {
                if let Some(left_out) = self.complaints.line(peer) {
                    tracing::warn!(%peer, %error, left_out, "a batch of the peer cannot be read, and is dropped");
                }
                Ok(Batch::unreadable(peer))
            }
        }
    }

    /// Puts a batch into the inbox once there is room.
    async fn keep(
        &self,
        reader: &mut Reader,
        peer: ReplicaId,
        bytes: usize,
        batch: Batch,
    ) -> Result<(), Ended> {
        let put = self.inbox.put_once_there_is_room(peer, bytes, batch);
        reader.pulsing(put).await?.map_err(Ended::NotTaken)
    }
}

async fn within<T>(
    time: Duration,
    arrival: impl Future<Output = Result<T, Ended>>,
) -> Result<T, Ended> {
    let arrived = tokio::time::timeout(time, arrival).await;
    arrived.unwrap_or(Err(Ended::Late))
}

/// A frame that has arrived.
#[derive(Clone, Copy)]
struct Frame<'a> {
    tag: &'a [u8; TAG],
    batch: &'a [u8],
}

/// Reads a link, and sends a pulse over it each second.
struct Reader<L = Link> {
    link: L,
    arrived: BytesMut,
    pulse: Interval,
}

impl<L: AsyncRead + AsyncWrite + Unpin> Reader<L> {
    fn new(link: L) -> Self {
        let mut pulse = interval_at(Instant::now() + PULSE, PULSE);
        pulse.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            link,
            arrived: BytesMut::new(),
            pulse,
        }
    }

    /// The length of the next frame's batch. `None` if the link ends before the frame.
    async fn next_length(&mut self) -> Result<Option<usize>, Ended> {
        while self.arrived.len() < size_of::<u32>() {
            if !self.more().await? {
                return match self.arrived.is_empty() {
                    true => Ok(None),
                    false => Err(Ended::WithinFrame),
                };
            }
        }
        let length = (&self.arrived[..]).get_u32_le();
        Ok(Some(usize::try_from(length).unwrap_or(usize::MAX)))
    }

    /// Waits until so many bytes have arrived.
    async fn whole(&mut self, bytes: usize) -> Result<(), Ended> {
        while self.arrived.len() < bytes {
            self.arrived.reserve(bytes - self.arrived.len());
            if !self.more().await? {
                return Err(Ended::WithinFrame);
            }
        }
        Ok(())
    }

    /// The oldest frame, which has arrived.
    fn frame(&self, length: usize) -> Option<Frame<'_>> {
        let (_, rest) = self.arrived.split_at_checked(size_of::<u32>())?;
        let (tag, rest) = rest.split_first_chunk()?;
        let batch = rest.get(..length)?;
        Some(Frame { tag, batch })
    }

    /// Drops the oldest frame.
    fn forget(&mut self, length: usize) {
        self.arrived.advance(HEAD + length);
        // The memory of a large frame is not kept.
        if length > BATCH_BYTES {
            self.arrived = BytesMut::from(&self.arrived[..]);
        }
    }

    /// Reads more bytes. Returns whether there are more. A pulse that is due goes first: there may be bytes to read at all times.
    async fn more(&mut self) -> io::Result<bool> {
        self.arrived.reserve(READ);
        loop {
            tokio::select! {
                biased;
                _ = self.pulse.tick() => self.link.write_all(&[0]).await?,
                read = self.link.read_buf(&mut self.arrived) => return read.map(|bytes| bytes > 0),
            }
        }
    }

    /// Waits for something else than the link.
    async fn pulsing<T>(&mut self, other: impl Future<Output = T>) -> io::Result<T> {
        let mut other = std::pin::pin!(other);
        loop {
            tokio::select! {
                biased;
                _ = self.pulse.tick() => self.link.write_all(&[0]).await?,
                done = &mut other => return Ok(done),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use tokio::io::ReadBuf;

    use super::*;

    /// A link over which bytes come without end. It counts the pulses.
    #[derive(Default)]
    struct Endless {
        pulses: usize,
    }

    impl AsyncRead for Endless {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            buffer.put_slice(&[7; 16]);
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for Endless {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.pulses += bytes.len();
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_link_over_which_bytes_come_without_end_has_pulses_all_the_same() {
        let mut reader = Reader::new(Endless::default());
        for seconds in 0..5 {
            assert_eq!(reader.link.pulses, seconds);
            tokio::time::advance(PULSE).await;
            reader.whole(reader.arrived.len() + 100).await.unwrap();
            reader.pulsing(std::future::ready(())).await.unwrap();
        }
    }
}
