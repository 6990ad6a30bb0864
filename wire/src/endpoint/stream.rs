//! A connection with time-outs. It fails with `TimedOut` if its client idles too long, sends headers too slowly or does
//! not take the answer. It fails with `ConnectionAborted` if it must make room.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;
use tokio::time::{Instant, Sleep};

use crate::Limits;

const HEADERS: u8 = 0;
const BUSY: u8 = 1;
const IDLE: u8 = 2;

/// What a connection is doing: waiting for or reading headers, busy with a request, or idle.
#[derive(Clone, Default)]
pub(crate) struct Phase(Arc<AtomicU8>);

impl Phase {
    /// The connection is busy until the guard is dropped.
    pub(crate) fn busy(&self) -> Busy {
        self.0.store(BUSY, Ordering::Relaxed);
        Busy(self.clone())
    }
}

/// Makes the connection idle again when dropped.
pub(crate) struct Busy(Phase);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.0.store(IDLE, Ordering::Relaxed);
    }
}

/// A stream with time-outs for its phases.
pub(super) struct TimedStream<S> {
    stream: S,
    phase: Phase,
    /// Notified when an idle connection must close to make room for a new one.
    give_way: Arc<Notify>,
    /// This connection's place among the connections that wait for their clients.
    waiting: Option<Pin<Box<OwnedNotified>>>,
    reading: Timer,
    writing: Timer,
    header_time: Duration,
    idle_time: Duration,
    write_time: Duration,
}

impl<S> TimedStream<S> {
    pub(super) fn new(stream: S, phase: Phase, give_way: Arc<Notify>, limits: &Limits) -> Self {
        Self {
            stream,
            phase,
            give_way,
            waiting: None,
            reading: Timer::default(),
            writing: Timer::default(),
            header_time: limits.header_time,
            idle_time: limits.idle,
            write_time: limits.body_time,
        }
    }

    fn time_reading(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let phase = self.phase.0.load(Ordering::Relaxed);
        if phase == BUSY {
            self.reading.stop();
            self.waiting = None;
            return Poll::Pending;
        }
        // The connection that has waited longest is notified first.
        let waiting = self
            .waiting
            .get_or_insert_with(|| Box::pin(Arc::clone(&self.give_way).notified_owned()));
        if waiting.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        match phase {
            IDLE => self.reading.run(phase, self.idle_time, context),
            _ => self.reading.run(phase, self.header_time, context),
        }
    }

    fn time_writing<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.writing.stop();
            return written;
        }
        self.writing
            .run(BUSY, self.write_time, context)
            .map(|timed_out| match timed_out {
                Err(error) => Err(error),
                Ok(()) => Err(io::ErrorKind::TimedOut.into()),
            })
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TimedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        if read.is_pending() {
            return this.time_reading(context);
        }
        if buffer.filled().len() > before {
            this.waiting = None;
            // The first byte after an idle time begins the headers of the next request, with a new deadline.
            let phase = &this.phase.0;
            if phase
                .compare_exchange(IDLE, HEADERS, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
            {
                this.reading.stop();
            }
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.time_writing(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.time_writing(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A deadline that is set when a phase begins. The sleep is created once and then moved, which is cheap.
#[derive(Default)]
struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    phase: Option<u8>,
}

impl Timer {
    fn stop(&mut self) {
        self.phase = None;
    }

    /// Ready with an error once the phase has lasted too long.
    fn run(
        &mut self,
        phase: u8,
        time: Duration,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(time)));
        if self.phase != Some(phase) {
            self.phase = Some(phase);
            sleep.as_mut().reset(Instant::now() + time);
        }
        sleep
            .as_mut()
            .poll(context)
            .map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}
