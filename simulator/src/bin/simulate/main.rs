//! `simulate`: plays hostile universes, and shows the smallest one that breaks a rule.
//!
//! * [`options`]: the command line. [`report`]: what is printed of a run.
//! * [`sweep`]: many seeds on many threads. `mutants`: the same against engines with a known bug. [`soak`]: one cluster for
//!   very long. [`transcript`]: scenarios as texts. [`maelstrom`]: node programs in any language.

mod maelstrom;
#[cfg(feature = "mutants")]
mod mutants;
mod options;
mod report;
mod soak;
mod sweep;
mod transcript;

use std::fs;
use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;
use quorate_simulator::trace::Hash;
use quorate_simulator::{Plan, Trace, run};

use crate::options::{Command, Options, Play};

fn main() -> ExitCode {
    let options = Options::parse();
    let failed = match &options.command {
        Command::Run(run) => play_seed(run),
        Command::Replay(replay) => play_file(replay),
        Command::Sweep(sweep) => sweep::command(sweep),
        Command::Transcript(transcript) => transcript::command(transcript),
        #[cfg(feature = "mutants")]
        Command::Mutants(mutants) => mutants::command(mutants),
        Command::Soak(soak) => soak::command(soak),
        Command::Maelstrom(maelstrom) => return exit(maelstrom::command(maelstrom)),
    };
    exit(failed.map(|failed| ExitCode::from(u8::from(failed))))
}

fn exit(status: anyhow::Result<ExitCode>) -> ExitCode {
    match status {
        Ok(status) => status,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn play_seed(run: &options::Run) -> anyhow::Result<bool> {
    let plan = Plan::generate(run.seed, &run.universe.choice()?);
    play(&plan, &run.play, &run.universe.command(run.seed))
}

fn play_file(replay: &options::Replay) -> anyhow::Result<bool> {
    let path = replay.file.display();
    let text = fs::read_to_string(&replay.file).with_context(|| format!("cannot read {path}"))?;
    let plan = Plan::from_text(&text).with_context(|| format!("cannot play {path}"))?;
    play(&plan, &replay.play, &format!("simulate replay {path}"))
}

/// Plays one plan and prints what came of it; whether a rule was broken.
fn play(plan: &Plan, play: &Play, command: &str) -> anyhow::Result<bool> {
    if play.plan {
        say(&plan.to_text());
        return Ok(false);
    }
    let trace = if play.trace {
        Trace::Lines(Hash::default(), say)
    } else {
        Trace::Digest(Hash::default())
    };
    let outcome = run(plan, trace)?;
    say(&report::summary(plan, &outcome));
    match &outcome.violation {
        None => Ok(false),
        Some(violation) => {
            say(&report::violation(
                plan,
                violation,
                command,
                !play.no_shrink,
            ));
            Ok(true)
        }
    }
}

/// Prints a line. A reader that has gone away wants no more of it; the exit status still says what was found.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
