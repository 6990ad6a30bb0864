//! A trace in the form of another tool.

use std::io::{self, BufWriter, Write as _};

use anyhow::Context as _;
use quorate_trace::{Trace, file};

use crate::options::Export;
use crate::out::{complain, keep};

/// Writes the trace of a file; the exit status.
pub(crate) fn command(export: &Export) -> anyhow::Result<u8> {
    let trace = Trace::open(&export.file)
        .with_context(|| format!("the trace {} cannot be read", export.file.display()))?;
    if let Some(warning) = export.to.warning(&trace) {
        complain(&format!("warning: {warning}"));
    }
    match &export.out {
        Some(path) => file::create(path, |mut to| export.to.write(&trace, &mut to))
            .with_context(|| format!("{} cannot be written", path.display()))?,
        None => {
            let mut out = BufWriter::new(io::stdout().lock());
            let written = export.to.write(&trace, &mut out).and_then(|()| out.flush());
            drop(out);
            keep(written);
        }
    }
    Ok(0)
}
