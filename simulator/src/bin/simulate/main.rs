//! `simulate`: plays hostile universes, and shows the smallest one that breaks a rule.
//!
//! * [`options`]: the command line. [`out`]: the one way of writing. [`stop`]: Ctrl-C and SIGTERM.
//! * [`play`]: one run. [`sweep`]: many seeds on many threads, or machines ([`shard`]). [`runs`]: what came of them, as a file. [`merge`]: one file of
//!   several. `mutants`: the same against engines with a known bug. [`soak`]: one
//!   cluster for very long. [`transcript`]: scenarios as texts. [`maelstrom`]: node programs in any language.
//!   [`gather`]: foundings. [`experiment`]: what theory says, and a report of what came out. [`export`]: traces in the forms of other tools.
//!   [`story`]: a run told to newcomers.
//! * [`universes`]: where plans and texts come from. [`drawing`]: pictures, into files. [`report`]: what is printed of a run, for people and as JSON. [`progress`]: what a
//!   terminal shows meanwhile. [`pages`]: runs as pages.

// They panic where nobody reads; `quorate_cli::console` does not.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod drawing;
mod experiment;
mod export;
mod gather;
mod maelstrom;
mod merge;
#[cfg(feature = "mutants")]
mod mutants;
mod options;
mod out;
mod pages;
mod play;
mod progress;
mod report;
mod runs;
mod seeds;
mod shard;
mod soak;
mod stop;
mod story;
mod sweep;
mod transcript;
mod universes;

use std::env;
use std::process::ExitCode;

use quorate_cli::arguments::reason;
use quorate_cli::json::is_asked_for;

use crate::options::{Command, Options};
use crate::out::{complain, say};
use crate::stop::Stop;

/// A run makes and drops millions of small messages, on one thread for each job.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The exit status where a rule was broken or a text differs.
const BROKEN: u8 = 1;
/// The exit status where something cannot be understood, read or written.
const FAILED: u8 = 2;

fn main() -> ExitCode {
    let status = match Options::read() {
        Ok(options) => {
            let json = options.command.is_json();
            command(&options.command).unwrap_or_else(|error| failed(&format!("{error:#}"), json))
        }
        Err(error) => not_understood(&error),
    };
    match out::failure() {
        None => status,
        Some(error) => failed(&format!("{error:#}"), false),
    }
}

fn command(command: &Command) -> anyhow::Result<ExitCode> {
    let status = match command {
        Command::Run(run) => play::seed(run, &Stop::listen()?),
        Command::Replay(replay) => play::file(replay, &Stop::listen()?),
        Command::Sweep(sweep) => sweep::command(sweep, &Stop::listen()?),
        Command::Merge(merge) => merge::command(merge),
        Command::Transcript(transcript) => transcript::command(transcript),
        #[cfg(feature = "mutants")]
        Command::Mutants(mutants) => mutants::command(mutants, &Stop::listen()?),
        Command::Experiment(experiment) => experiment::command(experiment, &Stop::listen()?),
        Command::Export(export) => export::command(export),
        Command::Story(story) => story::command(story),
        Command::Soak(soak) => soak::command(soak, &Stop::listen()?),
        Command::Maelstrom(maelstrom) => maelstrom::command(maelstrom, &Stop::listen()?),
        Command::Gather(gather) => gather::command(gather, &Stop::listen()?),
    };
    status.map(ExitCode::from)
}

/// Tells the reason on standard error, and as JSON on standard output if a script reads that.
fn failed(message: &str, json: bool) -> ExitCode {
    complain(&format!("error: {message}"));
    if json {
        say(&report::failure(message, FAILED));
    }
    ExitCode::from(FAILED)
}

/// What clap prints: help and the version as results, and everything else as an error.
fn not_understood(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        out::keep(error.print());
        return ExitCode::SUCCESS;
    }
    // Standard error that cannot be written leaves nobody to tell.
    let _ = error.print();
    if is_asked_for(env::args_os()) {
        say(&report::failure(&reason(error), FAILED));
    }
    ExitCode::from(FAILED)
}
