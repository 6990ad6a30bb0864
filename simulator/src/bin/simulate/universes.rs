//! Where the plans of many seeds come from: drawn from the seed, or one plan from a file with each seed in it.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use quorate_fault::Bound;
use quorate_simulator::Plan;
use quorate_simulator::plan::Choice;
use quorate_simulator::universe::Universe;
use quorate_trace::file::{ReadError, Trace};

/// A plan for each seed, and the command that plays it alone.
pub(crate) enum Universes<'a> {
    /// Drawn from the seed, but for what is chosen.
    Drawn(Universe, Choice),
    /// One plan, whose seed is replaced.
    Fixed(&'a Path, Box<Plan>),
}

impl<'a> Universes<'a> {
    /// Those of a file if there is one, and drawn ones otherwise.
    ///
    /// # Errors
    /// The file holds no plan, or what is chosen makes none.
    pub(crate) fn new(file: Option<&'a PathBuf>, chosen: Universe) -> anyhow::Result<Self> {
        Ok(match file {
            Some(file) => Self::Fixed(file, Box::new(read(file)?)),
            None => {
                let choice = chosen.choice()?;
                Self::Drawn(chosen, choice)
            }
        })
    }

    /// The plan of a seed.
    pub(crate) fn plan(&self, seed: u64) -> Plan {
        match self {
            Self::Drawn(_, choice) => Plan::generate(seed, choice),
            Self::Fixed(_, plan) => Plan {
                seed,
                ..Plan::clone(plan)
            },
        }
    }

    /// The command that plays a seed's plan again.
    pub(crate) fn command(&self, seed: u64) -> String {
        match self {
            Self::Drawn(chosen, _) => chosen.command(seed),
            Self::Fixed(file, _) => replay(file, Some(seed)),
        }
    }

    /// How many are faulty in every plan, beside how many are survived, if that is not left to the seed.
    pub(crate) fn bound(&self) -> anyhow::Result<Option<Bound>> {
        match self {
            Self::Drawn(chosen, _) => Ok(chosen.bound()?),
            Self::Fixed(_, plan) => Ok(Some(plan.bound()?)),
        }
    }
}

/// The command that plays a file's plan.
pub(crate) fn replay(file: &Path, seed: Option<u64>) -> String {
    let name = file.display().to_string();
    let seed = seed.map(|seed| format!(" --seed {seed}"));
    format!(
        "simulate replay {}{}",
        shell_words::quote(&name),
        seed.unwrap_or_default()
    )
}

/// Reads a plan from a file, or from standard input where that is '-'. The file may be a trace, whose header has its run's plan.
///
/// # Errors
/// It cannot be read, or is no plan that can be played.
pub(crate) fn read(file: &Path) -> anyhow::Result<Plan> {
    let source = Source::of(file);
    let text = if file.extension().is_some_and(|end| end == "gz") {
        plan_of(Trace::open(file), &source)?
    } else {
        let text = source.read()?;
        if text.starts_with('{') {
            plan_of(Trace::read(text.as_bytes()), &source)?
        } else {
            text
        }
    };
    Plan::from_text(&text).with_context(|| format!("{source} is no plan that can be played"))
}

/// The plan of the run that a trace is of.
fn plan_of(trace: Result<Trace, ReadError>, source: &Source<'_>) -> anyhow::Result<String> {
    let trace = trace.with_context(|| format!("{source} is no trace that can be read"))?;
    let plan = trace.header.plan;
    plan.with_context(|| {
        format!("{source} is a trace of live processes: only a simulated run has a plan to play")
    })
}

/// Where a text comes from.
pub(crate) enum Source<'a> {
    /// A file.
    File(&'a Path),
    /// Standard input.
    Input,
}

impl<'a> Source<'a> {
    /// What a name on the command line stands for: '-' is standard input.
    pub(crate) fn of(file: &'a Path) -> Self {
        if file == Path::new("-") {
            Self::Input
        } else {
            Self::File(file)
        }
    }

    /// All of its text.
    ///
    /// # Errors
    /// It cannot be read, or is no text.
    pub(crate) fn read(&self) -> anyhow::Result<String> {
        let text = match self {
            Self::File(file) => fs::read_to_string(file),
            Self::Input => io::read_to_string(io::stdin()),
        };
        text.with_context(|| format!("cannot read {self}"))
    }
}

impl fmt::Display for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => file.display().fmt(f),
            Self::Input => f.write_str("standard input"),
        }
    }
}
