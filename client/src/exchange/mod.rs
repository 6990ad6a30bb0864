//! The exchange: every process sends its decision to every other, then each one finalizes.
//!
//! * [`play`]: plays one round. [`printer`]: prints each line as soon as it is true. [`watch`]: what the exchange
//!   waits for.
//! * [`facts`]: what the processes report about the round after it has ended.

mod facts;
mod play;
mod printer;
mod watch;

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::{env, iter};

use anyhow::{Context, ensure};
use quorate_cli::console::complain;
use quorate_server::Onlookers;

use crate::audit;
use crate::exit::{Exit, Failure};
use crate::html;
use crate::options::{CheckedExchange, ExchangeFormat};
use crate::render;
use crate::target::Target;
use crate::trace;
use crate::transcript::{Facts, Finalized, Message, Transcript};
use crate::verdict::{Judged, Split, Verdict};

use play::Played;
use printer::Printer;

/// How many rounds another client may decide before this client has voted in them.
const ATTEMPTS: usize = 5;

/// Runs the exchange, prints it, and tells it to those who look at its page.
pub(crate) async fn command(
    target: &Target,
    options: &CheckedExchange,
    onlookers: Option<&Onlookers>,
) -> anyhow::Result<Exit> {
    check(target, options)?;
    let transcript = run(target, options, onlookers).await?;
    render::print(&transcript, options)?;
    let exit = transcript.verdict.exit();
    if options.format == Some(ExchangeFormat::Lines) && exit != Exit::Agree {
        complain(transcript.verdict.lines().trim_end());
    }
    if let Some(path) = &options.diagram {
        draw(&transcript, path)?;
    }
    if let Some(path) = &options.html {
        let (trace, _) = trace::whole(target, own_command()).await?;
        html::save(&trace, path)?;
    }
    Ok(exit)
}

/// Refuses decisions of processes that do not take part.
pub(crate) fn check(target: &Target, options: &CheckedExchange) -> anyhow::Result<()> {
    for name in options.decisions.names() {
        let exists = target.processes.iter().any(|process| process.name == name);
        ensure!(
            exists,
            "--decision {name}=...: process {name} does not take part; name one that does"
        );
    }
    Ok(())
}

/// Plays the first round that no process has closed. If another client decides this round first, plays the next one.
async fn run(
    target: &Target,
    options: &CheckedExchange,
    onlookers: Option<&Onlookers>,
) -> anyhow::Result<Transcript> {
    let printer = Printer::new(options.format);
    let mut round = open_round(target);
    for _ in 0..ATTEMPTS {
        if let Some(onlookers) = onlookers {
            onlookers.round_begins(round);
        }
        match play::play(target, options, round, &printer).await? {
            Played::Whole(messages, finalized) => {
                if let Some(onlookers) = onlookers {
                    tell(onlookers, &finalized);
                }
                let facts = facts::gather(target, round, &messages, &finalized).await;
                let split = audit::split(target).await;
                return Ok(judged(round, messages, finalized, facts, split));
            }
            Played::Overtaken => {
                complain(format!(
                    "round {round} was decided by another client meanwhile; this is round {}",
                    round + 1
                ));
                round += 1;
            }
        }
    }
    let first = round - ATTEMPTS as u64;
    Err(Failure::new(
        Exit::NoDecision,
        format!(
            "other clients decided rounds {first} to {} before this one had voted: try again when they have ended",
            round - 1
        ),
    )
    .into())
}

/// The command that was given, as for a shell.
fn own_command() -> String {
    let words = env::args_os().skip(1);
    let words = words.map(|word| word.to_string_lossy().into_owned());
    shell_words::join(iter::once("client".to_owned()).chain(words))
}

fn tell(onlookers: &Onlookers, finalized: &[Finalized]) {
    for one in finalized {
        onlookers.has_finalized(&one.process, play::words(&one.outcome));
    }
    onlookers.round_ends();
}

/// The first round that no correct process has closed. Another client that starts now may take the same.
fn open_round(target: &Target) -> u64 {
    let rounds = target
        .correct()
        .filter_map(|process| process.status.as_ref().ok());
    rounds.map(|status| status.round.round).max().unwrap_or(0) + 1
}

fn judged(
    round: u64,
    messages: Vec<Message>,
    finalized: Vec<Finalized>,
    facts: Facts,
    split: Option<Split>,
) -> Transcript {
    let judged: Vec<_> = finalized
        .iter()
        .map(|process| Judged {
            process: process.process.clone(),
            is_correct: process.is_correct,
            asked: process.asked.clone(),
            told: has_told(process, &messages, &finalized),
            outcome: process.outcome.clone(),
        })
        .collect();
    let verdict = Verdict::of(&judged, !facts.others.is_empty()).with(split);
    Transcript {
        round,
        messages,
        finalized,
        facts,
        verdict,
    }
}

/// Whether a process told every correct process the decision that it was asked to tell.
fn has_told(process: &Finalized, messages: &[Message], all: &[Finalized]) -> bool {
    let correct = |name: &str| all.iter().any(|one| one.process == name && one.is_correct);
    messages
        .iter()
        .filter(|message| message.from == process.process && correct(&message.to))
        .all(|message| message.told.as_deref() == Some(process.asked.as_str()))
}

fn draw(transcript: &Transcript, path: &Path) -> anyhow::Result<()> {
    let diagram = render::picture::picture(transcript);
    let write = || -> std::io::Result<()> {
        let file = File::create(path)?;
        diagram.write(BufWriter::new(file))
    };
    write().with_context(|| format!("--diagram {}", path.display()))
}
