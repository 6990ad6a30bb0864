//! Node programs in any language, under the router.

use std::fs::File;
use std::io::BufWriter;

use anyhow::Context as _;
use quorate_router::{Outcome, Run, diagram};

use crate::BROKEN;
use crate::options::{Format, Maelstrom};
use crate::out::{complain, say};
use crate::stop::Stop;

/// Runs the nodes and prints the verdict; the exit status.
pub(crate) fn command(options: &Maelstrom, stop: &Stop) -> anyhow::Result<u8> {
    let setup = options.setup()?;
    // Before anything runs: a run whose diagram cannot be written is a run in vain.
    let diagram = options.diagram.as_ref().map(|path| {
        let file = File::create(path);
        file.with_context(|| format!("cannot write {}", path.display()))
    });
    let diagram = diagram.transpose()?;
    let bound = setup.conditions.bound(setup.commands.len());
    if let Some(warning) = bound.warning().filter(|_| !bound.holds()) {
        complain(&format!("warning: {warning}"));
    }
    let stopped = || stop.is_asked();
    // Standard output is for the verdict alone where a script reads it.
    let tell = match options.format {
        Format::Text => say,
        Format::Json => complain,
    };
    let run = Run::start(setup, &stopped, &tell)
        .context("--bin and --node take a program and its arguments")?;
    let verdict = run.play();
    if let Some((file, path)) = diagram.zip(options.diagram.as_ref()) {
        diagram::write(BufWriter::new(file), &verdict)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    say(&match options.format {
        Format::Text => verdict.to_string(),
        Format::Json => verdict.json(),
    });
    Ok(match verdict.outcome {
        Outcome::Good | Outcome::NoDecision => 0,
        Outcome::NotGood => BROKEN,
        Outcome::Stopped => stop.status().unwrap_or_default(),
    })
}
