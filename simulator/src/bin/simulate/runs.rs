//! A file of runs: a header, then a row for each seed, as JSON Lines. It only grows, so what was played is kept however the
//! sweep ends.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use quorate_protocol::Digest;
use quorate_simulator::plan::Choice;
use quorate_simulator::{Plan, Trace, run};
use serde::{Deserialize, Serialize};

use crate::report;
use crate::shard::Shard;
use crate::universes::Universes;

/// The version of the form.
const VERSION: u32 = 1;

/// What is played, and by what. Rows under equal headers, but for the shard, are of one sweep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    v: u32,
    kind: Kind,
    /// The version of Quorate.
    version: String,
    /// The digest of what two runs did. Another engine does something else.
    engine: String,
    /// The digest of two of the plans.
    plan: String,
    /// The first seed, and the one behind the last.
    pub(crate) seeds: (u64, u64),
    /// The part of the seeds. None: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) shard: Option<Shard>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Sweep,
}

impl Header {
    /// The header of a sweep.
    ///
    /// # Errors
    /// A plan cannot be played.
    pub(crate) fn new(
        universes: &Universes<'_>,
        seeds: (u64, u64),
        shard: Shard,
    ) -> anyhow::Result<Self> {
        let plans = [0, 1].map(|seed| universes.plan(seed).to_text());
        Ok(Self {
            v: VERSION,
            kind: Kind::Sweep,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            engine: engine()?,
            plan: digest(&plans),
            seeds,
            shard: (shard != Shard::WHOLE).then_some(shard),
        })
    }

    fn has(&self, seed: u64) -> bool {
        self.shard.unwrap_or(Shard::WHOLE).has(self.seeds, seed)
    }

    /// The header of the whole sweep of which this is a part.
    pub(crate) fn of_all(self) -> Self {
        Self {
            shard: None,
            ..self
        }
    }

    /// What tells two sweeps apart, in words. None if nothing does.
    pub(crate) fn difference(&self, other: &Self) -> Option<&'static str> {
        let parts = |header: &Self| header.shard.map(Shard::parts);
        [
            ("the version of Quorate", self.version == other.version),
            ("the engine", self.engine == other.engine),
            ("the plan", self.plan == other.plan),
            ("the seeds", self.seeds == other.seeds),
            ("the number of parts", parts(self) == parts(other)),
        ]
        .into_iter()
        .find_map(|(what, is_equal)| (!is_equal).then_some(what))
    }

    pub(crate) fn line(&self) -> String {
        report::line(self)
    }
}

/// A digest of what two runs do. Another engine does something else.
///
/// # Errors
/// Never: these plans can be played.
pub(crate) fn engine() -> anyhow::Result<String> {
    let mut done = Vec::new();
    for seed in [0, 1] {
        let plan = Plan::generate(seed, &Choice::default());
        let outcome = run(&plan, Trace::Digest(<_>::default()))?;
        done.extend(outcome.trace.digest().map(|digest| digest.to_string()));
    }
    Ok(digest(&done))
}

fn digest(texts: &[String]) -> String {
    let texts: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
    Digest::of(&texts).to_string()
}

/// What a file of runs holds.
pub(crate) struct Contents {
    pub(crate) header: Header,
    /// The rows by seed, each as it stands in the file.
    pub(crate) rows: BTreeMap<u64, String>,
    /// The bytes of all whole lines.
    length: u64,
}

/// What is read of a row.
#[derive(Deserialize)]
struct Row {
    seed: u64,
}

impl Contents {
    /// Reads a file. A last line that was cut off is left out.
    ///
    /// # Errors
    /// It cannot be read, or is no file of runs.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path);
        text.map_err(anyhow::Error::new)
            .and_then(|text| Self::of(&text))
            .with_context(|| path.display().to_string())
    }

    fn of(text: &str) -> anyhow::Result<Self> {
        let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
        let mut lines = whole.lines();
        let first = lines.next().context("it has no header")?;
        let header: Header = serde_json::from_str(first)
            .context("line 1 is no header, as `simulate sweep --out FILE` writes one")?;
        ensure!(
            header.v == VERSION,
            "its form has version {}, and this program reads version {VERSION}",
            header.v
        );
        let mut rows = BTreeMap::new();
        for (number, line) in (2..).zip(lines) {
            let row: Row =
                serde_json::from_str(line).with_context(|| format!("line {number} is no row"))?;
            ensure!(
                header.has(row.seed),
                "line {number}: seed {} is none of this file's",
                row.seed
            );
            let double = rows.insert(row.seed, line.to_owned());
            ensure!(
                double.is_none(),
                "line {number}: seed {} is there twice",
                row.seed
            );
        }
        Ok(Self {
            header,
            rows,
            length: whole.len() as u64,
        })
    }
}

/// A file to which rows are added.
#[derive(Debug)]
pub(crate) struct Runs {
    file: File,
    path: PathBuf,
}

impl Runs {
    /// Begins a file, which must not be there, or goes on with it. Returns the seeds that it has rows of.
    ///
    /// # Errors
    /// The file cannot be written, another sweep writes it, or it is of another sweep.
    pub(crate) fn open(
        path: &Path,
        header: &Header,
        resume: bool,
    ) -> anyhow::Result<(Self, BTreeSet<u64>)> {
        let opened = Self::try_open(path, header, resume);
        opened.with_context(|| path.display().to_string())
    }

    fn try_open(
        path: &Path,
        header: &Header,
        resume: bool,
    ) -> anyhow::Result<(Self, BTreeSet<u64>)> {
        let mut options = OpenOptions::new();
        options.read(true).append(true);
        let options = if resume {
            options.create(true)
        } else {
            options.create_new(true)
        };
        let mut file = match options.open(path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                bail!("it is there already: go on with it with --resume, or name another file")
            }
            opened => opened?,
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!("another sweep writes it"),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let mut runs = Self {
            file,
            path: path.to_owned(),
        };
        if !text.contains('\n') {
            // Not even the header was written whole.
            runs.file.set_len(0)?;
            runs.write(&header.line())?;
            return Ok((runs, BTreeSet::new()));
        }
        let found = Contents::of(&text)?;
        if let Some(what) = found.header.difference(header) {
            bail!("it is of another sweep: {what} differs; name another file");
        }
        ensure!(
            found.header.shard == header.shard,
            "it has another part of the seeds; name another file"
        );
        runs.file.set_len(found.length)?;
        Ok((runs, found.rows.into_keys().collect()))
    }

    /// Adds a row.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn add(&mut self, row: &report::Row) -> anyhow::Result<()> {
        let written = self.write(&row.line());
        written.with_context(|| self.path.display().to_string())
    }

    fn write(&mut self, line: &str) -> io::Result<()> {
        self.file.write_all(format!("{line}\n").as_bytes())
    }
}
