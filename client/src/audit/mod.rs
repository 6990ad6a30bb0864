//! Who is to blame: `client audit` asks all processes for what they have and names those that contradict themselves, and
//! `client verify` checks on another machine what the audit has found.
//!
//! * [`listing`] and [`collect`]: what the processes have. [`judge`]: checks signatures and finds contradictions. [`mod@file`]: the findings as a file.
//!   [`keys`]: the public keys.

mod collect;
mod file;
mod judge;
pub(crate) mod keys;
mod listing;

use std::fs;

use anyhow::Context as _;
use quorate_cli::console::complain;
use quorate_protocol::Evidence;

use crate::exit::{Exit, Failure};
use crate::options::{AuditOptions, VerifyOptions};
use crate::render::write_out;
use crate::target::Target;
use crate::verdict::{Split, enumerate};
use collect::Collected;
use judge::{Findings, Judge};
use keys::PublicKeys;

/// Collects what the processes have, and names who is proved faulty. Exit status 1: they have executed different batches.
pub(crate) async fn command(target: &Target, options: &AuditOptions) -> anyhow::Result<Exit> {
    let collected = Collected::of(target.processes.iter().collect()).await;
    for error in &collected.errors {
        complain(format_args!("warning: {error:#}"));
    }
    let public = match &options.keys {
        Some(path) => PublicKeys::read(path)?,
        None => PublicKeys::told(&collected.listings())?,
    };
    let mut judge = Judge::new(&public)?;
    let findings = collected.fetch(&mut judge).await?;
    if let Some(path) = &options.out {
        let text = file::write(&findings, &public, &judge)?;
        fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    write_out(&told(&findings, &judge))?;
    Ok(match findings.disagreement() {
        Some(_) => Exit::Broken,
        None => Exit::Agree,
    })
}

/// The first slot in which processes that say they are correct have executed different batches, however many are faulty.
///
/// # Errors
/// One of them does not say what it has executed.
pub(crate) async fn disagreement(target: &Target) -> anyhow::Result<Option<Split>> {
    let mut collected = Collected::of(target.correct().collect()).await;
    match collected.errors.pop() {
        Some(error) => Err(error),
        None => Ok(collected.split()),
    }
}

/// The first slot in which correct processes have executed different batches. That takes more than f faulty processes, so without
/// them nobody is asked.
pub(crate) async fn split(target: &Target) -> Option<Split> {
    let correct: Vec<_> = target.correct().collect();
    if correct.len() >= target.enough() {
        return None;
    }
    Collected::of(correct).await.split()
}

/// Checks what an audit has found. Exit status 1: something in it is not valid.
pub(crate) fn verify(options: &VerifyOptions) -> anyhow::Result<Exit> {
    let VerifyOptions { file, keys } = options;
    let public = PublicKeys::read(keys)?;
    let mut judge = Judge::new(&public)?;
    let bytes = fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let findings = file::read(&bytes, &public, &mut judge).map_err(|error| {
        let message = format!("{} is refused: {error:#}", file.display());
        Failure::new(Exit::Broken, message)
    })?;
    write_out(&told(&findings, &judge))?;
    Ok(Exit::Agree)
}

/// The findings, for people.
fn told(findings: &Findings, judge: &Judge) -> String {
    let mut text = String::new();
    if let Some(split) = findings.disagreement() {
        text += &format!("Disagreement: {}.\n", split.fact());
    }
    let of = |proofs: &[Evidence], end: &str| -> String {
        let line = |one: &Evidence| format!("{}: {one} ({}{end})\n", one.accused(), one.kind());
        proofs.iter().map(line).collect()
    };
    text += &of(&findings.proofs, "");
    text += &of(
        &findings.forensics,
        ", from the certificates of that slot: E8",
    );
    let culprits: Vec<String> = findings
        .culprits()
        .iter()
        .map(ToString::to_string)
        .collect();
    if culprits.is_empty() {
        text += "Nobody is proved faulty.\n";
    } else {
        text += &format!("Proved faulty: {}.\n", enumerate(&culprits));
    }
    let needed = judge.quorum().one_correct();
    if findings.disagreement().is_some() && culprits.len() < needed {
        text += &format!(
            "At least {needed} must be faulty. The processes no longer have what names the others: ask sooner, or let all of them run.\n"
        );
    }
    text
}
