//! A trace as JSON Lines: the header, then one event a line. A file whose name ends in `.gz` is compressed.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::header::{Header, VERSION};

/// A trace in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The first line.
    pub header: Header,
    /// The events, those of each process in order.
    pub events: Vec<Event>,
}

/// What every version's header has.
#[derive(Deserialize)]
struct Version {
    v: u32,
}

/// Why a trace cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It has no line.
    #[error("it is empty: a trace begins with a header, as `simulate run --trace FILE` writes one")]
    Empty,
    /// A line is not what it must be.
    #[error("line {line}: {cause}")]
    Line {
        /// The line's number, from 1.
        line: usize,
        /// What is wrong with it.
        cause: serde_json::Error,
    },
    /// Its form is of another version.
    #[error("its form has version {0}, and this program reads version {VERSION}")]
    Version(u32),
}

impl Trace {
    /// Reads a trace.
    ///
    /// # Errors
    /// The bytes cannot be read, or a line is not what it must be.
    pub fn read(from: impl BufRead) -> Result<Self, ReadError> {
        let mut lines = from.lines();
        let first = lines.next().ok_or(ReadError::Empty)??;
        // Another version may have other members.
        let Version { v } = parse(1, &first)?;
        if v != VERSION {
            return Err(ReadError::Version(v));
        }
        let header: Header = parse(1, &first)?;
        let events = lines
            .enumerate()
            .map(|(place, line)| parse(place + 2, &line?));
        Ok(Self {
            header,
            events: events.collect::<Result<_, ReadError>>()?,
        })
    }

    /// Writes the trace.
    ///
    /// # Errors
    /// The bytes cannot be written.
    pub fn write(&self, to: &mut impl Write) -> io::Result<()> {
        line(to, &self.header)?;
        self.events.iter().try_for_each(|event| line(to, event))
    }

    /// Writes the trace to a file.
    ///
    /// # Errors
    /// The file cannot be made or written.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        create(path, |mut to| self.write(&mut to))
    }

    /// Reads the trace of a file.
    ///
    /// # Errors
    /// As for [`Trace::read`].
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        let file = File::open(path)?;
        let bytes: Box<dyn Read> = if is_compressed(path) {
            Box::new(MultiGzDecoder::new(file))
        } else {
            Box::new(file)
        };
        Self::read(BufReader::new(bytes))
    }
}

/// Writes one line: the header, or an event.
///
/// # Errors
/// The bytes cannot be written.
pub fn line(to: &mut impl Write, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *to, line)?;
    to.write_all(b"\n")
}

/// Makes a file and lets `write` fill it.
///
/// # Errors
/// The file cannot be made or written.
pub fn create(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    if is_compressed(path) {
        let mut packed = GzEncoder::new(&mut file, Compression::default());
        write(&mut packed)?;
        packed.finish()?;
    } else {
        write(&mut file)?;
    }
    file.flush()
}

fn is_compressed(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "gz")
}

fn parse<T: serde::de::DeserializeOwned>(line: usize, text: &str) -> Result<T, ReadError> {
    serde_json::from_str(text).map_err(|cause| ReadError::Line { line, cause })
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use quorate_protocol::{Quorum, ReplicaId};

    use super::{ReadError, Trace};
    use crate::event::{Event, Kind};
    use crate::export::Form;
    use crate::header::{Clock, Header};

    #[test]
    fn a_trace_of_another_version_is_refused_by_its_number_whatever_else_it_has() {
        for text in [r#"{"v":2,"kind":"header","colour":"red"}"#, r#"{"v":0}"#] {
            let refused = Trace::read(text.as_bytes());
            assert!(matches!(refused, Err(ReadError::Version(0 | 2))), "{text}");
        }
        let refused = Trace::read(&br#"{"v":1,"kind":"header"}"#[..]);
        assert!(matches!(refused, Err(ReadError::Line { line: 1, .. })));
    }

    #[test]
    fn numbers_that_only_a_liar_writes_are_written_in_every_form() {
        let quorum = Quorum::of(NonZeroU32::new(4).unwrap());
        let event = Event {
            i: u64::MAX,
            t_us: u64::MAX,
            slot: Some(u64::MAX),
            view: Some(u64::MAX),
            ..Event::new(Kind::Accept)
        };
        let others = [1, 0].map(|p| Event {
            p: ReplicaId(p).into(),
            t_us: 0,
            ..event.clone()
        });
        let trace = Trace {
            header: Header::new(quorum, Clock::Wall, String::new()),
            events: [vec![event], others.to_vec()].concat(),
        };
        for form in Form::ALL {
            let mut bytes = Vec::new();
            form.write(&trace, &mut bytes).unwrap();
            assert!(!bytes.is_empty(), "{form}");
        }
    }
}
