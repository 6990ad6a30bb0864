//! A trace as a page: one file, which needs no network.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use quorate_trace::Trace;

/// Writes the page of a trace.
pub(crate) fn save(trace: &Trace, path: &Path) -> anyhow::Result<()> {
    let page = quorate_page::html(trace).and_then(|page| fs::write(path, page));
    page.with_context(|| format!("the page cannot be written to {}", path.display()))
}
