//! The opening of a link: who opens it, and whether the peer takes it.

use std::io;
use std::net::SocketAddr;

use quorate_host::Head;
use quorate_protocol::{CHALLENGE, ClusterId, PairKey, ReplicaId, TAG, Tagger};
use quorate_wire::{CallError, link};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Lane, OPENING_TIME};

/// The cluster, the sender and the lane.
const OPENING: usize = 32 + 4 + 1;
/// The most bytes of a verdict's text.
const VERDICT: usize = 1024;

/// What opens links to a peer.
#[derive(Clone, Debug)]
pub(crate) struct Envelope {
    /// Who opens them.
    pub(crate) head: Head,
    /// What the opener shares with the peer.
    pub(crate) pair: PairKey,
}

/// Why a link could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotOpened {
    /// The peer cannot be reached, or gives no link.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The peer does not want a link with this process.
    #[error("{0}")]
    Refused(String),
    /// The connection broke.
    #[error("the link broke while it was opened: {0}")]
    Broken(io::Error),
    /// The peer did not answer.
    #[error("the peer did not open the link within {OPENING_TIME:?}")]
    TimedOut,
}

/// Opens a link to the peer at this address. Returns the connection and what tags its frames.
pub(crate) async fn open(
    envelope: &Envelope,
    address: SocketAddr,
    lane: Lane,
) -> Result<(TcpStream, Tagger), NotOpened> {
    let (mut stream, early) = link::dial(address, OPENING_TIME).await?;
    let (reading, writing) = stream.split();
    let whole = tokio::io::join(AsyncReadExt::chain(&*early, reading), writing);
    let introduced = introduce(envelope, lane, whole);
    let introduced = tokio::time::timeout(OPENING_TIME, introduced).await;
    let verdict = introduced.map_err(|_| NotOpened::TimedOut)?;
    let tagger = verdict.map_err(NotOpened::Broken)?;
    Ok((stream, tagger.map_err(NotOpened::Refused)?))
}

/// Steps 1 to 3, for the opener. If the peer refuses: why.
async fn introduce(
    envelope: &Envelope,
    lane: Lane,
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
) -> io::Result<Result<Tagger, String>> {
    let mut challenge = [0; CHALLENGE];
    stream.read_exact(&mut challenge).await?;
    let Head { cluster, sender } = envelope.head;
    let mut tagger = envelope.pair.tagger(sender, &challenge);
    let mut opening = [&cluster.0[..], &sender.0.to_le_bytes(), &[lane as u8]].concat();
    let tag = tagger.tag(&opening);
    opening.extend(tag);
    stream.write_all(&opening).await?;
    let length = usize::from(stream.read_u16_le().await?);
    if length == 0 {
        return Ok(Ok(tagger));
    }
    let mut text = vec![0; length.min(VERDICT)];
    stream.read_exact(&mut text).await?;
    let text = String::from_utf8_lossy(&text);
    Ok(Err(text.escape_debug().to_string()))
}

/// Who wants to open a link.
pub(crate) struct Opening {
    pub(crate) cluster: ClusterId,
    pub(crate) sender: ReplicaId,
    /// `None`: there is no such lane.
    pub(crate) lane: Option<Lane>,
    challenge: [u8; CHALLENGE],
    bytes: [u8; OPENING],
    tag: [u8; TAG],
}

impl Opening {
    /// Steps 1 and 2, for the peer.
    pub(crate) async fn read(
        stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    ) -> io::Result<Self> {
        let mut challenge = [0; CHALLENGE];
        getrandom::fill(&mut challenge).map_err(io::Error::other)?;
        stream.write_all(&challenge).await?;
        let mut bytes = [0; OPENING];
        stream.read_exact(&mut bytes).await?;
        let mut tag = [0; TAG];
        stream.read_exact(&mut tag).await?;
        let mut fields = &bytes[..];
        let mut cluster = [0; 32];
        fields.read_exact(&mut cluster).await?;
        let sender = fields.read_u32_le().await?;
        let lane = fields.read_u8().await?;
        Ok(Self {
            cluster: ClusterId(cluster),
            sender: ReplicaId(sender),
            lane: Lane::ALL.into_iter().find(|known| *known as u8 == lane),
            challenge,
            bytes,
            tag,
        })
    }

    /// What checks the tags of its frames. `None`: the opening does not come from the other process of this pair.
    pub(crate) fn tagger(&self, pair: &PairKey) -> Option<Tagger> {
        let mut tagger = pair.tagger(self.sender, &self.challenge);
        tagger.holds(&self.bytes, &self.tag).then_some(tagger)
    }
}

/// Step 3, for the peer: the link is open.
pub(crate) async fn welcome(stream: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    stream.write_all(&0_u16.to_le_bytes()).await
}

/// Step 3, for the peer: the link is not opened, and why.
pub(crate) async fn refuse(stream: &mut (impl AsyncWrite + Unpin), why: &str) -> io::Result<()> {
    let text = &why.as_bytes()[..why.len().min(VERDICT)];
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    stream.write_all(&length.to_le_bytes()).await?;
    stream.write_all(text).await?;
    stream.shutdown().await
}
