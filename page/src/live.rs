//! The page of processes that run, as a server serves it.

use std::io;

use crate::{modules, page};

/// The page and its policy.
#[derive(Debug)]
pub struct Live {
    /// The page itself.
    pub html: String,
    /// Its `Content-Security-Policy`.
    pub policy: String,
}

/// The page of processes that run. It asks for its modules at the paths that [`module`] knows, for the trace at `/live`, and posts what
/// its reader wants to `/do`.
///
/// # Errors
/// A file in this program cannot be unpacked.
pub fn live() -> io::Result<Live> {
    let (html, policy) = page(
        &modules::import_map_of_paths()?,
        "'self'; connect-src 'self'",
        "",
        "",
    )?;
    // A policy in the page itself cannot say this.
    let policy = format!("{policy}; frame-ancestors 'none'");
    Ok(Live { html, policy })
}

/// The module at a path: JavaScript, packed with gzip.
#[must_use]
pub fn module(path: &str) -> Option<&'static [u8]> {
    let found = modules::MODULES.iter().find(|module| module.path == path);
    found.map(|module| module.packed)
}
