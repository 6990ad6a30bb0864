//! The batches of peers that wait for the runtime. Each peer has room of its own, counted in bytes, and the peers take
//! turns: one that sends more than the runtime can take holds up itself, not the others. What puts in a batch waits until
//! there is room, and reads no more from that peer meanwhile.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quorate_protocol::ReplicaId;
use tokio::sync::Notify;

/// The bytes of one peer's batches that may wait. Most batches are smaller than 512 KiB.
pub(crate) const ROOM: usize = 2 * 1024 * 1024;
/// The bytes of larger batches that may wait, of all peers together, but only one of each peer.
const ROOM_FOR_LARGE: usize = 32 * 1024 * 1024;
/// A batch counts for at least so many bytes, because each takes memory and time beside its own bytes.
const LEAST: usize = 1024;

/// Why a batch was not put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// No peer has this id.
    NoPeer,
    /// There is no room for it now.
    Full,
    /// Nobody takes batches any more.
    Closed,
}

/// The end that takes the batches out. Its `Drop` closes the inbox.
#[derive(Debug)]
pub(crate) struct Inbox<T>(Arc<Shared<T>>);

/// The end that puts batches in.
#[derive(Debug)]
pub(crate) struct IntoInbox<T>(Arc<Shared<T>>);

#[derive(Debug)]
struct Shared<T> {
    rooms: Mutex<Rooms<T>>,
    arrived: Notify,
    /// Notified when a batch was taken out, or nobody takes batches any more.
    left: Notify,
}

/// An inbox for the batches of `peers` processes, those with the ids from 0.
pub(crate) fn inbox<T>(peers: usize) -> (IntoInbox<T>, Inbox<T>) {
    let shared = Arc::new(Shared {
        rooms: Mutex::new(Rooms::new(peers)),
        arrived: Notify::new(),
        left: Notify::new(),
    });
    (IntoInbox(Arc::clone(&shared)), Inbox(shared))
}

impl<T> Clone for IntoInbox<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> IntoInbox<T> {
    /// Puts in a batch of so many bytes from this peer, if there is room now. Otherwise gives it back.
    pub(crate) fn put(&self, peer: ReplicaId, bytes: usize, batch: T) -> Result<(), (Refused, T)> {
        let bytes = bytes.max(LEAST);
        self.0.rooms().put(peer, Taken { bytes, batch })?;
        self.0.arrived.notify_one();
        Ok(())
    }

    /// Puts in a batch of so many bytes from this peer, once there is room.
    pub(crate) async fn put_once_there_is_room(
        &self,
        peer: ReplicaId,
        bytes: usize,
        mut batch: T,
    ) -> Result<(), Refused> {
        loop {
            // Made before the look, so that it misses nothing that leaves after the look.
            let left = self.0.left.notified();
            match self.put(peer, bytes, batch) {
                Ok(()) => return Ok(()),
                Err((Refused::Full, back)) => batch = back,
                Err((refused, _)) => return Err(refused),
            }
            left.await;
        }
    }
}

impl<T> Inbox<T> {
    /// Waits for the next batch. Nothing is lost if the future is dropped before it is ready.
    pub(crate) async fn next(&mut self) -> Taken<T> {
        loop {
            if let Some(taken) = self.take() {
                return taken;
            }
            self.0.arrived.notified().await;
        }
    }

    /// The next batch, if one waits: of the peer that has had the fewest bytes.
    pub(crate) fn take(&mut self) -> Option<Taken<T>> {
        let taken = self.0.rooms().take()?;
        self.0.left.notify_waiters();
        Some(taken)
    }

    /// The bytes that wait, by peer.
    pub(crate) fn bytes(&self) -> Vec<usize> {
        self.0
            .rooms()
            .of_peers
            .iter()
            .map(|room| room.bytes)
            .collect()
    }

    /// How many batches of a peer wait.
    #[cfg(test)]
    pub(crate) fn count(&self, peer: ReplicaId) -> usize {
        self.0.rooms().of_peers[peer.0 as usize].waiting.len()
    }
}

impl<T> Drop for Inbox<T> {
    fn drop(&mut self) {
        let mut rooms = self.0.rooms();
        *rooms = Rooms::new(0);
        rooms.is_closed = true;
        self.0.left.notify_waiters();
    }
}

impl<T> Shared<T> {
    fn rooms(&self) -> MutexGuard<'_, Rooms<T>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct Rooms<T> {
    of_peers: Vec<Room<T>>,
    /// The bytes of waiting batches that are larger than `ROOM`.
    large: usize,
    /// The bytes that had been served of the peer that had the last turn, before that turn.
    turn: u64,
    is_closed: bool,
}

#[derive(Debug)]
struct Room<T> {
    waiting: VecDeque<Taken<T>>,
    bytes: usize,
    /// The bytes of this peer that were served. A peer that had nothing waiting is moved up to `turn`, so it saves up no
    /// turns.
    served: u64,
}

/// A batch, as it is put in and taken out.
#[derive(Debug)]
pub(crate) struct Taken<T> {
    /// For how many bytes it counts.
    pub(crate) bytes: usize,
    /// The batch.
    pub(crate) batch: T,
}

impl<T> Rooms<T> {
    fn new(peers: usize) -> Self {
        let room = || Room {
            waiting: VecDeque::new(),
            bytes: 0,
            served: 0,
        };
        Self {
            of_peers: std::iter::repeat_with(room).take(peers).collect(),
            large: 0,
            turn: 0,
            is_closed: false,
        }
    }

    fn put(&mut self, peer: ReplicaId, batch: Taken<T>) -> Result<(), (Refused, T)> {
        if self.is_closed {
            return Err((Refused::Closed, batch.batch));
        }
        let Some(room) = self.of_peers.get_mut(peer.0 as usize) else {
            return Err((Refused::NoPeer, batch.batch));
        };
        if batch.bytes > ROOM {
            if room.bytes > ROOM || self.large + batch.bytes > ROOM_FOR_LARGE {
                return Err((Refused::Full, batch.batch));
            }
            self.large += batch.bytes;
        } else if room.bytes + batch.bytes > ROOM {
            return Err((Refused::Full, batch.batch));
        }
        if room.waiting.is_empty() {
            room.served = room.served.max(self.turn);
        }
        room.bytes += batch.bytes;
        room.waiting.push_back(batch);
        Ok(())
    }

    /// The next batch of the peer that has had the fewest bytes.
    fn take(&mut self) -> Option<Taken<T>> {
        let rooms = self.of_peers.iter_mut();
        let waiting = rooms.filter(|room| !room.waiting.is_empty());
        let room = waiting.min_by_key(|room| room.served)?;
        let taken = room.waiting.pop_front()?;
        self.turn = room.served;
        room.served = room.served.saturating_add(taken.bytes as u64);
        room.bytes -= taken.bytes;
        if taken.bytes > ROOM {
            self.large -= taken.bytes;
        }
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use quorate_protocol::ReplicaId;

    use super::{Inbox, IntoInbox, LEAST, ROOM, ROOM_FOR_LARGE, Refused, inbox};

    const Q: ReplicaId = ReplicaId(1);
    const R: ReplicaId = ReplicaId(2);
    const PIECE: usize = ROOM / 8;

    fn of_four() -> (IntoInbox<&'static str>, Inbox<&'static str>) {
        inbox(4)
    }

    fn taken(inbox: &mut Inbox<&'static str>, count: usize) -> Vec<&'static str> {
        let take = |_| inbox.take().map(|taken| taken.batch);
        (0..count).filter_map(take).collect()
    }

    #[test]
    fn a_peer_that_fills_its_room_leaves_that_of_the_others() {
        let (into, mut inbox) = of_four();
        for _ in 0..8 {
            assert_eq!(into.put(Q, PIECE, "q"), Ok(()));
        }
        assert_eq!(into.put(Q, 1, "q"), Err((Refused::Full, "q")));
        assert_eq!(into.put(R, PIECE, "r"), Ok(()));
        assert_eq!(taken(&mut inbox, 2), ["q", "r"]);
        assert_eq!(into.put(Q, PIECE, "q"), Ok(()), "there is room again");
    }

    #[test]
    fn turns_are_counted_in_bytes() {
        let (into, mut inbox) = of_four();
        for _ in 0..2 {
            into.put(Q, 4 * PIECE, "Q").unwrap();
        }
        for _ in 0..8 {
            into.put(R, PIECE, "r").unwrap();
        }
        let order = taken(&mut inbox, 10);
        assert_eq!(order.concat(), "QrrrrQrrrr");
    }

    #[test]
    fn a_peer_that_was_quiet_saves_up_no_turns_and_loses_none() {
        let (into, mut inbox) = of_four();
        for _ in 0..4 {
            into.put(Q, PIECE, "q").unwrap();
        }
        assert_eq!(taken(&mut inbox, 3), ["q", "q", "q"]);
        for _ in 0..3 {
            into.put(Q, PIECE, "q").unwrap();
            into.put(R, PIECE, "r").unwrap();
        }
        assert_eq!(taken(&mut inbox, 9).concat(), "rqrqrqq");
    }

    #[test]
    fn the_largest_batches_have_bounded_room_together_and_each_peer_has_one() {
        let (into, mut inbox) = of_four();
        let large = ROOM_FOR_LARGE / 2;
        assert_eq!(into.put(Q, large, "Q"), Ok(()));
        assert_eq!(into.put(Q, large, "Q"), Err((Refused::Full, "Q")));
        assert_eq!(into.put(R, large, "R"), Ok(()));
        assert_eq!(
            into.put(ReplicaId(3), large, "S"),
            Err((Refused::Full, "S"))
        );
        assert_eq!(into.put(ReplicaId(3), PIECE, "s"), Ok(()));
        assert_eq!(taken(&mut inbox, 9).concat(), "QRs");
        assert_eq!(into.put(Q, large, "Q"), Ok(()));
    }

    #[test]
    fn nobody_else_has_room_and_nobody_once_it_is_closed() {
        let (into, inbox) = of_four();
        assert_eq!(into.put(ReplicaId(4), 1, "t"), Err((Refused::NoPeer, "t")));
        drop(inbox);
        assert_eq!(into.put(Q, 1, "q"), Err((Refused::Closed, "q")));
    }

    #[tokio::test]
    async fn a_batch_that_comes_later_wakes_the_one_who_waits() {
        let (into, mut inbox) = of_four();
        let (taken, ()) = tokio::join!(inbox.next(), async {
            tokio::task::yield_now().await;
            into.put(R, 1, "r").unwrap();
        });
        assert_eq!((taken.bytes, taken.batch), (LEAST, "r"));
    }

    #[tokio::test]
    async fn a_batch_without_room_waits_for_it_and_others_do_not_wait() {
        let (into, mut inbox) = of_four();
        into.put(Q, ROOM, "first").unwrap();
        let waiting = into.put_once_there_is_room(Q, 1, "second");
        let (put, order) = tokio::join!(waiting, async {
            into.put_once_there_is_room(R, 1, "other").await.unwrap();
            let mut order = Vec::new();
            for _ in 0..3 {
                order.push(inbox.next().await.batch);
            }
            order
        });
        assert_eq!(put, Ok(()));
        assert_eq!(order, ["first", "other", "second"]);
    }

    #[tokio::test]
    async fn a_batch_that_waits_for_room_is_refused_once_the_inbox_is_closed() {
        let (into, inbox) = of_four();
        into.put(Q, ROOM, "first").unwrap();
        let waiting = into.put_once_there_is_room(Q, 1, "second");
        let (put, ()) = tokio::join!(waiting, async { drop(inbox) });
        assert_eq!(put, Err(Refused::Closed));
    }
}
