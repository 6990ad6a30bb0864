//! Standard output and standard error. Neither panics when nobody reads: `println!` and `eprintln!` do.

use std::fmt::Display;
use std::io::{self, Write as _};

/// Writes text to standard output, and all of it at once.
///
/// # Errors
/// It cannot be written, for instance because a pipe is closed or a disk is full.
pub fn print(text: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(text.as_bytes())?;
    output.flush()
}

/// Writes a line to standard error.
///
/// If standard error is closed, nobody can be told anything: the exit status alone says how the program ended.
pub fn complain(line: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
