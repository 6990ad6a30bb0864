//! The file that counts how often a process was started: one whole number. A process counts its start once its records are on
//! disk, and before it sends anything. So a count without records says that the records are lost (rule 23).

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::durable::{self, NotWritten};

/// Why the count is not known.
#[derive(Debug, thiserror::Error)]
pub enum Unknown {
    /// The file cannot be read.
    #[error(transparent)]
    Unreadable(#[from] io::Error),
    /// The file does not hold a count.
    #[error("it is damaged")]
    Damaged,
}

/// A count from here on is taken as damage: [`quorate_host::first_number`] has no numbers for more lives.
const MOST: u64 = 1 << 24;

/// The number of starts so far: 0 if there is no file.
///
/// # Errors
/// The file cannot be read, or does not hold a count.
pub fn read(path: &Path) -> Result<u64, Unknown> {
    let bytes = match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
        read => read?,
    };
    let text = std::str::from_utf8(&bytes).ok();
    text.and_then(|text| text.trim().parse().ok())
        .filter(|count| *count < MOST)
        .ok_or(Unknown::Damaged)
}

/// Writes the number of starts. It is on disk when this returns.
///
/// # Errors
/// The file cannot be written.
pub fn write(path: &Path, count: u64) -> Result<(), NotWritten> {
    durable::replace(path, 0o600, format!("{count}\n").as_bytes())
}
