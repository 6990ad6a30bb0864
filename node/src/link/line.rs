//! The opener's end of an open link. It never waits: what the connection does not take now is kept for later.

use std::io;
use std::sync::Arc;

use quorate_protocol::Tagger;
use tokio::net::TcpStream;

use super::{BATCH_BYTES, Letter, SILENCE};

/// The opener's end of an open link.
#[derive(Debug)]
pub(crate) struct Line {
    stream: Arc<TcpStream>,
    tagger: Tagger,
    /// A frame, of which `written` bytes are written.
    frame: Vec<u8>,
    written: usize,
}

/// How much of a frame is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    Whole,
    /// The connection takes no more at the moment.
    Part,
}

impl Line {
    pub(crate) const fn new(stream: Arc<TcpStream>, tagger: Tagger) -> Self {
        Self {
            stream,
            tagger,
            frame: Vec::new(),
            written: 0,
        }
    }

    /// Makes the next frame of these messages. The last frame must be written.
    pub(crate) fn load(&mut self, letters: &[Letter]) {
        const HEAD: usize = size_of::<u32>() + quorate_protocol::TAG;
        debug_assert_eq!(self.written, self.frame.len(), "a frame would be cut off");
        // The memory of a frame with a large message is not kept.
        if self.frame.capacity() > BATCH_BYTES + HEAD {
            self.frame = Vec::new();
        }
        self.frame.clear();
        self.written = 0;
        self.frame.resize(HEAD, 0);
        for letter in letters {
            put_number(&mut self.frame, letter.number);
            self.frame.extend_from_slice(&letter.message);
        }
        let (head, batch) = self.frame.split_at_mut(HEAD);
        let (length, tag) = head.split_at_mut(size_of::<u32>());
        let bytes = u32::try_from(batch.len()).unwrap_or(u32::MAX);
        length.copy_from_slice(&bytes.to_le_bytes());
        tag.copy_from_slice(&self.tagger.tag(batch));
    }

    /// Writes as much of the frame as the connection takes now.
    pub(crate) fn write(&mut self) -> io::Result<Written> {
        while let Some(rest) = self
            .frame
            .get(self.written..)
            .filter(|rest| !rest.is_empty())
        {
            match self.stream.try_write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(bytes) => self.written += bytes,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(Written::Part);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Written::Whole)
    }
}

/// Appends a number as a postcard varint: 7 bits a byte, the lowest first.
fn put_number(frame: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        frame.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    frame.push(number as u8);
}

/// Ends, with the reason, once the peer closes the link or its pulses stay away.
pub(crate) async fn watch_pulses(stream: &TcpStream) -> io::Error {
    let mut pulses = [0; 64];
    loop {
        match tokio::time::timeout(SILENCE, stream.readable()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return error,
            Err(_) => {
                let why = format!("nothing came back for {SILENCE:?}");
                return io::Error::new(io::ErrorKind::TimedOut, why);
            }
        }
        match stream.try_read(&mut pulses) {
            Ok(0) => return io::Error::new(io::ErrorKind::UnexpectedEof, "the peer closed it"),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return error,
        }
    }
}
