//! Links over sockets, from an outbox, or from bytes that the test writes itself, to a reception or to a peer that the test
//! plays.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Buf;
use futures_util::FutureExt;
use quorate_host::{Batch, Head};
use quorate_protocol::message::{Memory, Proved, Standing};
use quorate_protocol::{
    CHALLENGE, ClusterId, Keys, Message, PairKey, ReplicaId, Sequence, SignedMessage, Tagger, View,
};
use quorate_wire::endpoint::async_trait;
use quorate_wire::{Endpoint, Link, Links, link};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::{config, keys_of};
use crate::inbox::{Inbox, IntoInbox, ROOM, inbox};
use crate::link::{
    BATCH_BYTES, Envelope, FRAME_TIME, Lane, Letter, NotOpened, Opening, Reception, open, welcome,
};
use crate::outbox::Outbox;

const LONG: Duration = Duration::from_secs(20);
const CLUSTER: ClusterId = ClusterId([7; 32]);
const P: ReplicaId = ReplicaId(0);
const Q: ReplicaId = ReplicaId(1);
const R: ReplicaId = ReplicaId(2);
const LARGEST: usize = 4 * BATCH_BYTES;

/// What `sender` opens links to `peer` with.
pub(crate) fn envelope(sender: ReplicaId, peer: ReplicaId) -> Envelope {
    let pair = keys_of(sender, CLUSTER).shared_with(peer);
    Envelope {
        head: Head {
            cluster: CLUSTER,
            sender,
        },
        pair: pair.expect("another process"),
    }
}

/// A message of a process that keeps no trace.
pub(crate) const fn letter(message: Arc<[u8]>) -> Letter {
    Letter { number: 0, message }
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(LONG, future).await;
    done.expect("it should not take so long")
}

/// Serves these links on a free port, or on this one. They end when what is returned is dropped.
async fn serve(links: impl Links + 'static, port: u16) -> (SocketAddr, JoinSet<()>) {
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let endpoint = Endpoint::new().links(Arc::new(links));
    let mut served = JoinSet::new();
    served.spawn(async {
        let _ = endpoint.serve(listener, std::future::pending()).await;
    });
    (address, served)
}

/// A process that takes links.
struct Peer {
    own: ReplicaId,
    address: SocketAddr,
    into: IntoInbox<Batch>,
    inbox: Inbox<Batch>,
    served: JoinSet<()>,
}

impl Peer {
    async fn start(own: ReplicaId) -> Self {
        Self::start_at(own, 0, LARGEST).await
    }

    async fn start_at(own: ReplicaId, port: u16, largest: usize) -> Self {
        let pairs = keys_of(own, CLUSTER).shared_with_all(4);
        Self::of(own, pairs, port, largest).await
    }

    async fn of(own: ReplicaId, pairs: Vec<Option<PairKey>>, port: u16, largest: usize) -> Self {
        let (into, inbox) = inbox(pairs.len());
        let mut config = config();
        config.index = own.0;
        let reception = Reception::new(&config, pairs, largest, into.clone());
        let (address, served) = serve(reception, port).await;
        Self {
            own,
            address,
            into,
            inbox,
            served,
        }
    }

    /// The sender of the next batch, and the slots that its messages name.
    async fn next(&mut self) -> (ReplicaId, Vec<u64>) {
        let batch = soon(self.next_readable()).await;
        let slots = batch
            .messages
            .iter()
            .map(|one| slot(&one.message))
            .collect();
        (batch.sender, slots)
    }

    async fn next_readable(&mut self) -> Batch {
        loop {
            let batch = self.inbox.next().await.batch;
            if !batch.messages.is_empty() {
                return batch;
            }
        }
    }

    fn outbox_of(&self, sender: ReplicaId) -> Outbox {
        let room = 64 * 1024 * 1024;
        Outbox::start(&envelope(sender, self.own), self.own, room, self.address)
    }

    async fn link_of(&self, sender: ReplicaId, lane: Lane) -> Raw {
        let envelope = envelope(sender, self.own);
        let (stream, tagger) = soon(open(&envelope, self.address, lane)).await.unwrap();
        Raw { stream, tagger }
    }
}

/// A link over which the test writes bytes.
struct Raw {
    stream: TcpStream,
    tagger: Tagger,
}

impl Raw {
    fn frame(&mut self, batch: &[u8]) -> Vec<u8> {
        let length = u32::try_from(batch.len()).unwrap().to_le_bytes();
        [&length[..], &self.tagger.tag(batch), batch].concat()
    }

    async fn write(&mut self, bytes: &[u8]) {
        soon(self.stream.write_all(bytes)).await.unwrap();
    }

    async fn send(&mut self, batch: &[u8]) {
        let frame = self.frame(batch);
        self.write(&frame).await;
    }

    /// Waits until the peer has closed the link.
    async fn closed(mut self) {
        let mut pulse = [0];
        while let Ok(1) = soon(self.stream.read(&mut pulse)).await {}
    }
}

/// The message behind its number, as a frame has it.
fn numbered(slot: u64) -> Vec<u8> {
    [vec![0], message(slot)].concat()
}

/// A message that names a slot. Its signature is not checked here.
fn message(slot: u64) -> Vec<u8> {
    let mut keys = Keys::simulated(Q, 4, CLUSTER);
    let standing = Standing {
        view: View(0),
        active: true,
        memory: Memory::Whole,
        executed: Sequence(slot),
        stable: Sequence(0),
        proved: Proved::none(),
    };
    let message = keys.sign_message(Message::Standing(standing)).unwrap();
    postcard::to_stdvec(&message.into_signed()).unwrap()
}

fn slot(message: &SignedMessage) -> u64 {
    match message {
        SignedMessage::Standing(standing) => standing.value().executed.0,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_pushed_arrives_in_order_and_from_whom_it_comes() {
    let mut peer = Peer::start(P).await;
    let outbox = peer.outbox_of(Q);
    for slots in [[1, 2], [3, 4]] {
        for slot in slots {
            outbox.push(letter(message(slot).into()));
        }
        outbox.send();
    }
    let mut arrived = Vec::new();
    while arrived.len() < 4 {
        let (sender, slots) = peer.next().await;
        assert_eq!(sender, Q);
        arrived.extend(slots);
    }
    assert_eq!(arrived, [1, 2, 3, 4]);
}

#[tokio::test]
async fn whoever_cannot_make_the_tag_gets_no_link_and_ends_none() {
    let mut peer = Peer::start(P).await;
    let mut link = peer.link_of(Q, Lane::Small).await;
    for stranger in [R, ReplicaId(3)] {
        let mut claims = envelope(stranger, P);
        claims.head.sender = Q;
        for lane in Lane::ALL {
            let refused = soon(open(&claims, peer.address, lane)).await;
            let Err(NotOpened::Refused(why)) = refused else {
                panic!("{refused:?}");
            };
            assert_eq!(why, "Q has not made the tag for P");
        }
    }
    link.send(&numbered(1)).await;
    assert_eq!(peer.next().await, (Q, vec![1]));
}

#[tokio::test]
async fn a_process_of_another_cluster_is_told_what_to_do() {
    let peer = Peer::start(P).await;
    let mut other = envelope(Q, P);
    other.head.cluster = ClusterId([8; 32]);
    let refused = soon(open(&other, peer.address, Lane::Small)).await;
    let Err(NotOpened::Refused(why)) = refused else {
        panic!("{refused:?}");
    };
    assert!(why.contains("server keygen"), "{why}");
    assert!(why.ends_with("to all"), "it is cut: {why}");
}

#[tokio::test]
async fn an_opening_that_is_sent_again_opens_nothing() {
    let peer = Peer::start(P).await;
    let mut tagger = None;
    for _ in 0..2 {
        let (mut stream, early) = soon(link::dial(peer.address, LONG)).await.unwrap();
        let mut challenge = [0; CHALLENGE];
        let mut whole = AsyncReadExt::chain(&*early, &mut stream);
        soon(whole.read_exact(&mut challenge)).await.unwrap();
        let opening = [&CLUSTER.0[..], &Q.0.to_le_bytes(), &[0]].concat();
        // The tag for the first challenge.
        let first = tagger.get_or_insert_with(|| {
            let mut tagger = envelope(Q, P).pair.tagger(Q, &challenge);
            (tagger.tag(&opening), false)
        });
        let bytes = [&opening[..], &first.0].concat();
        stream.write_all(&bytes).await.unwrap();
        let refused = soon(stream.read_u16_le()).await.unwrap() > 0;
        assert_eq!(refused, first.1);
        first.1 = true;
    }
}

#[tokio::test]
async fn a_frame_that_is_too_long_closes_its_link_only() {
    let mut peer = Peer::start(P).await;
    for (lane, longest) in [(Lane::Small, BATCH_BYTES), (Lane::Large, LARGEST)] {
        let mut link = peer.link_of(Q, lane).await;
        let length = u32::try_from(longest + 1).unwrap().to_le_bytes();
        link.write(&length).await;
        let at_once = tokio::time::timeout(FRAME_TIME / 2, link.closed());
        at_once.await.expect("it is not closed for being late");
        let mut link = peer.link_of(Q, lane).await;
        link.send(&numbered(1)).await;
        assert_eq!(peer.next().await, (Q, vec![1]));
    }
}

#[tokio::test]
async fn a_frame_that_is_changed_or_sent_again_closes_its_link() {
    let mut peer = Peer::start(P).await;
    let mut link = peer.link_of(Q, Lane::Small).await;
    let mut frame = link.frame(&numbered(1));
    *frame.last_mut().unwrap() ^= 1;
    link.write(&frame).await;
    link.closed().await;
    let mut link = peer.link_of(Q, Lane::Small).await;
    let frame = link.frame(&numbered(2));
    link.write(&frame).await;
    link.write(&frame).await;
    link.closed().await;
    assert_eq!(peer.next().await, (Q, vec![2]));
    assert!(peer.inbox.next().now_or_never().is_none());
}

#[tokio::test]
async fn a_peer_that_dies_within_a_frame_can_open_a_link_again() {
    let mut peer = Peer::start(P).await;
    let mut dies = peer.link_of(Q, Lane::Small).await;
    let frame = dies.frame(&numbered(1));
    dies.write(&frame[..frame.len() - 1]).await;
    drop(dies);
    let mut link = peer.link_of(Q, Lane::Small).await;
    link.send(&numbered(2)).await;
    assert_eq!(peer.next().await, (Q, vec![2]));
}

#[tokio::test]
async fn a_new_link_takes_the_place_of_the_last_of_its_peer_and_lane() {
    let mut peer = Peer::start(P).await;
    let first = peer.link_of(Q, Lane::Small).await;
    let mut large = peer.link_of(Q, Lane::Large).await;
    let mut other = peer.link_of(R, Lane::Small).await;
    let mut second = peer.link_of(Q, Lane::Small).await;
    first.closed().await;
    for (slot, link) in [&mut large, &mut other, &mut second]
        .into_iter()
        .enumerate()
    {
        link.send(&numbered(slot as u64)).await;
        assert_eq!(peer.next().await.1, [slot as u64]);
    }
}

#[tokio::test]
async fn bytes_of_a_peer_that_are_no_batch_are_dropped_and_its_link_stays() {
    let mut peer = Peer::start(P).await;
    let mut link = peer.link_of(Q, Lane::Small).await;
    link.send(&[0xff; 7]).await;
    link.send(&numbered(1)).await;
    assert_eq!(peer.next().await, (Q, vec![1]));
}

#[tokio::test]
async fn a_full_room_holds_up_its_own_peer_only() {
    let mut peer = Peer::start(P).await;
    let empty = Batch {
        sender: Q,
        messages: Vec::new(),
    };
    assert!(peer.into.put(Q, ROOM, empty).is_ok());
    let mut of_q = peer.link_of(Q, Lane::Small).await;
    of_q.send(&numbered(1)).await;
    let mut of_r = peer.link_of(R, Lane::Small).await;
    of_r.send(&numbered(2)).await;
    let arrives = async {
        while peer.inbox.count(R) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    soon(arrives).await;
    assert_eq!(peer.inbox.count(Q), 1, "nothing beside what fills the room");
    let mut arrived = Vec::new();
    for _ in 0..2 {
        arrived.push(peer.next().await);
    }
    arrived.sort();
    assert_eq!(arrived, [(Q, vec![1]), (R, vec![2])]);
}

#[tokio::test]
async fn as_many_liars_as_there_can_be_with_half_sent_large_frames_keep_no_large_frame_out() {
    const N: u32 = 25;
    const F: u32 = 8;
    let keys = |own| Keys::simulated(ReplicaId(own), N, CLUSTER);
    let mut peer = Peer::of(P, keys(0).shared_with_all(N), 0, LARGEST).await;
    let mut links = Vec::new();
    for sender in 1..=F + 1 {
        let sender = ReplicaId(sender);
        let envelope = Envelope {
            head: Head {
                cluster: CLUSTER,
                sender,
            },
            pair: keys(sender.0).shared_with(P).expect("another process"),
        };
        let (stream, tagger) = soon(open(&envelope, peer.address, Lane::Large))
            .await
            .unwrap();
        links.push(Raw { stream, tagger });
    }
    let mut correct = links.pop().expect("the last one");
    let length = u32::try_from(BATCH_BYTES + 1).unwrap().to_le_bytes();
    for liar in &mut links {
        liar.write(&length).await;
    }
    // It is no batch, so it is dropped. What follows it arrives.
    correct.send(&vec![255; BATCH_BYTES + 1]).await;
    correct.send(&numbered(1)).await;
    let arrived = tokio::time::timeout(FRAME_TIME / 2, peer.next()).await;
    assert_eq!(arrived.unwrap(), (ReplicaId(F + 1), vec![1]));
}

#[tokio::test]
async fn a_peer_that_starts_again_on_the_same_port_gets_what_is_sent_then() {
    let mut peer = Peer::start(P).await;
    let outbox = peer.outbox_of(Q);
    let port = peer.address.port();
    for life in 0..3 {
        // What is sent before the outbox notices the end of the last life may be lost.
        let sending = async {
            loop {
                outbox.push(letter(message(life).into()));
                outbox.send();
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let arriving = async { while !peer.next().await.1.contains(&life) {} };
        tokio::select! {
            () = sending => {}
            () = arriving => {}
        }
        peer.served.shutdown().await;
        peer = Peer::start_at(P, port, LARGEST).await;
    }
}

#[tokio::test]
async fn rule_27_the_largest_message_of_a_peer_fits_a_frame() {
    for config in super::large_clusters() {
        let largest = config.protocol().unwrap().largest().message();
        let mut peer = Peer::start_at(P, 0, largest).await;
        let mut link = peer.link_of(Q, Lane::Large).await;
        // It is no batch, so it is dropped, but it does not close the link.
        link.send(&vec![255; largest]).await;
        link.send(&numbered(1)).await;
        assert_eq!(peer.next().await, (Q, vec![1]));
    }
}

#[tokio::test]
async fn two_processes_that_flood_each_other_get_all_that_was_sent() {
    let (mut p, mut q) = (Peer::start(P).await, Peer::start(Q).await);
    let (to_p, to_q) = (p.outbox_of(Q), q.outbox_of(P));
    let message: Arc<[u8]> = message(1).into();
    // Several times what an inbox and the buffers of a connection hold.
    let count = 5 * ROOM / message.len();
    for _ in 0..count {
        to_p.push(letter(Arc::clone(&message)));
        to_q.push(letter(Arc::clone(&message)));
        to_p.send();
        to_q.send();
    }
    let mut arrived = [0, 0];
    while arrived != [count, count] {
        for (peer, arrived) in [&mut p, &mut q].into_iter().zip(&mut arrived) {
            if *arrived < count {
                *arrived += peer.next().await.1.len();
            }
        }
    }
}

/// A peer that reads frames of some lanes only, and sends no pulses.
struct Played {
    reads: &'static [Lane],
    opened: mpsc::UnboundedSender<Lane>,
    batches: mpsc::UnboundedSender<Vec<u8>>,
}

#[async_trait]
impl Links for Played {
    async fn serve(&self, mut link: Link) {
        // It fails once the opener is gone.
        let _ = self.play(&mut link).await;
    }
}

impl Played {
    async fn play(&self, link: &mut Link) -> io::Result<()> {
        let opening = Opening::read(link).await?;
        link.admit();
        welcome(link).await?;
        let lane = opening.lane.expect("a lane");
        let _ = self.opened.send(lane);
        while self.reads.contains(&lane) {
            let mut head = [0; 36];
            link.read_exact(&mut head).await?;
            let length = (&head[..4]).get_u32_le();
            let mut batch = vec![0; usize::try_from(length).unwrap_or_default()];
            link.read_exact(&mut batch).await?;
            let _ = self.batches.send(batch);
        }
        std::future::pending().await
    }
}

/// What a peer gets that takes all links. The batches are not decoded.
pub(crate) struct Tap {
    pub(crate) address: SocketAddr,
    pub(crate) opened: mpsc::UnboundedReceiver<Lane>,
    pub(crate) batches: mpsc::UnboundedReceiver<Vec<u8>>,
    _served: JoinSet<()>,
}

impl Tap {
    pub(crate) async fn start(reads: &'static [Lane]) -> Self {
        let (opened, all_opened) = mpsc::unbounded_channel();
        let (batches, all_batches) = mpsc::unbounded_channel();
        let played = Played {
            reads,
            opened,
            batches,
        };
        let (address, served) = serve(played, 0).await;
        Self {
            address,
            opened: all_opened,
            batches: all_batches,
            _served: served,
        }
    }
}

#[tokio::test]
async fn a_small_message_does_not_wait_behind_large_ones_that_the_peer_does_not_read() {
    let mut tap = Tap::start(&[Lane::Small]).await;
    let outbox = Outbox::start(&envelope(P, Q), Q, 64 * 1024 * 1024, tap.address);
    for _ in 0..32 {
        outbox.push(letter(vec![0; BATCH_BYTES].into()));
    }
    outbox.push(Letter {
        number: 200,
        message: [1, 2, 3].into(),
    });
    outbox.send();
    assert_eq!(
        soon(tap.batches.recv()).await,
        Some(vec![200, 1, 1, 2, 3]),
        "behind its number"
    );
}

#[tokio::test(start_paused = true)]
async fn a_link_without_pulses_is_opened_again() {
    let mut tap = Tap::start(&[]).await;
    let _outbox = Outbox::start(&envelope(P, Q), Q, 1024, tap.address);
    for _ in 0..6 {
        tap.opened.recv().await.expect("a link");
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_that_carries_nothing_has_pulses() {
    let peer = Peer::start(P).await;
    let mut link = peer.link_of(Q, Lane::Large).await;
    let mut pulses = [0; 10];
    link.stream.read_exact(&mut pulses).await.unwrap();
}
