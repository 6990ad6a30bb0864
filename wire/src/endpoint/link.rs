//! The endpoint's side of links.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use dxr_server::async_trait;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Busy, Phase};

/// What takes the links that an endpoint is asked for.
#[async_trait]
pub trait Links: Send + Sync {
    /// Serves one link to its end.
    async fn serve(&self, link: Link);
}

/// The endpoint's side of a link. Until it is admitted, it has the time-outs of a connection that waits for a request,
/// and it is closed if a new connection needs its place.
pub struct Link {
    stream: TokioIo<Upgraded>,
    phase: Phase,
    admitted: Option<Busy>,
}

impl Link {
    pub(crate) fn new(stream: Upgraded, phase: Phase) -> Self {
        Self {
            stream: TokioIo::new(stream),
            phase,
            admitted: None,
        }
    }

    /// Keeps the link for as long as its holder wants.
    pub fn admit(&mut self) {
        self.admitted = Some(self.phase.busy());
    }
}

impl AsyncRead for Link {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Link {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
