//! `client fault` and `client heal`: make processes faulty, and correct again, while they run. `client heal` heals links, too.

use anyhow::{Context, ensure};
use futures_util::future::join_all;
use quorate_cli::console::complain;
use quorate_server::{Bound, FaultPlan, Scene};
use quorate_spelling::similar;
use quorate_wire::Method;
use quorate_wire::method::{FaultClear, FaultPardon, FaultSet, LinkSet};
use serde::Serialize;

use crate::exit::{Exit, no_answer};
use crate::options::{AnswerFormat, FaultOptions, HealOptions};
use crate::render::{json, write_out};
use crate::target::{CORRECT, Process, Target};

/// Gives the named processes their behaviours, and prints what each answers.
pub(crate) async fn set(target: &Target, options: &FaultOptions) -> anyhow::Result<Exit> {
    let plan = FaultPlan::parse(&options.faults.join(","), target.count(), Scene::Gathering)?;
    let calls = plan.named().map(|(name, words)| {
        let behaviour = words.to_owned();
        Ok((find(target, &name.to_string())?, FaultSet { behaviour }))
    });
    let calls = calls.collect::<anyhow::Result<Vec<_>>>()?;
    ensure!(
        !calls.is_empty(),
        "'none' makes no process faulty: name one, or use `client heal`"
    );
    let changes = change(calls, |call| call.behaviour.starts_with("crash")).await;
    let bound = bound(target, &changes);
    if let Some(warning) = bound.warning() {
        complain(format_args!("warning: {warning}"));
    }
    report(changes, bound, options.format)
}

/// Makes the named processes correct, or all, and takes away the rules of the links over which they send. All others pardon them. A
/// process that is not reached is a failure.
pub(crate) async fn heal(target: &Target, options: &HealOptions) -> anyhow::Result<Exit> {
    let processes: Vec<&Process> = if options.names.is_empty() {
        target.processes.iter().collect()
    } else {
        let names = options.names.iter();
        names
            .map(|name| find(target, name))
            .collect::<anyhow::Result<_>>()?
    };
    let changes = join_all(processes.into_iter().map(|one| heal_one(target, one))).await;
    let bound = bound(target, &changes);
    if !bound.holds() {
        complain(format_args!("warning: {}", bound.fact()));
    }
    report(changes, bound, options.format)
}

async fn heal_one<'a>(target: &Target, process: &'a Process) -> (&'a Process, Change) {
    let opened = process.call(LinkSet { rules: Vec::new() }).await;
    let healed = match opened {
        Ok(_) => process.call(FaultClear).await,
        Err(error) => Err(error),
    };
    let change = match healed {
        Ok(words) => match pardon(target, process).await {
            Ok(()) => Change::Behaves(words),
            Err(error) => Change::NotPardoned(words, error),
        },
        Err(error) => {
            Change::Failed(process.not_told(error, "its behaviour and its links stay as they are"))
        }
    };
    (process, change)
}

/// All count a process again that they have proved faulty. It is correct by now, so what it signs from then on is no lie. How far it had
/// signed anything it says itself: its messages may be on their way. Proofs are exchanged: if nobody who answers has one, one that is not
/// reached has probably none either.
async fn pardon(target: &Target, pardoned: &Process) -> anyhow::Result<()> {
    let name = &pardoned.name;
    let status = pardoned.status_now().await;
    let status = status.map_err(|error| no_answer(name, error))?;
    let by = target
        .processes
        .iter()
        .map(async |by| (by, by.call(FaultPardon::of(&status)).await));
    let answers = join_all(by).await;
    let is_proved = answers
        .iter()
        .any(|(_, pardoned)| matches!(pardoned, Ok(true)));
    for (by, pardoned) in answers {
        match pardoned {
            Err(error) if is_proved || !error.is_unreachable() => {
                return Err(by.not_told(error, &format!("it does not pardon {name}")));
            }
            Ok(_) | Err(_) => {}
        }
    }
    Ok(())
}

/// The result of giving one process a behaviour.
enum Change {
    /// It has this behaviour from now on.
    Behaves(String),
    /// It has this behaviour from now on, but not all others pardon it.
    NotPardoned(String, anyhow::Error),
    /// It was told to crash, and crashed before it could answer.
    HasEnded,
    /// The call failed, so it probably behaves as before.
    Failed(anyhow::Error),
}

type Changes<'a> = Vec<(&'a Process, Change)>;

/// Calls all these processes at the same time. If `ends`, a process may end before it can answer.
async fn change<'a, M: Method<Answer = String>>(
    calls: impl IntoIterator<Item = (&'a Process, M)>,
    ends: impl Fn(&M) -> bool,
) -> Changes<'a> {
    let calls = calls.into_iter().map(|(process, call)| {
        let may_end = ends(&call);
        async move {
            let change = match process.call(call).await {
                Ok(words) => Change::Behaves(words),
                Err(error) if may_end && error.is_unreachable() => Change::HasEnded,
                Err(error) => Change::Failed(no_answer(&process.name, error)),
            };
            (process, change)
        }
    });
    join_all(calls).await
}

/// How many processes are faulty after these changes. Counts processes that were faulty before or do not answer, too.
fn bound(target: &Target, changes: &Changes<'_>) -> Bound {
    let is_faulty = |process: &&Process| {
        let changed = changes.iter().find(|(one, _)| one.name == process.name);
        match changed {
            Some((_, Change::Behaves(words) | Change::NotPardoned(words, _))) => words != CORRECT,
            Some((_, Change::HasEnded)) => true,
            Some((_, Change::Failed(_))) | None => !process.is_correct() || process.is_stranger(),
        }
    };
    let faulty = target.processes.iter().filter(is_faulty).count();
    Bound::new(target.count(), u32::try_from(faulty).unwrap_or(u32::MAX))
}

#[derive(Serialize)]
struct Object<'a> {
    processes: Vec<OfProcess<'a>>,
    bound: Bound,
}

#[derive(Serialize)]
struct OfProcess<'a> {
    process: &'a str,
    /// `None` if the process did not answer.
    fault: Option<&'a str>,
    /// Why it did not answer, or who does not pardon it.
    cause: Option<String>,
}

/// Prints the changes. The first change that failed ends the command with its cause, unless the JSON has the cause.
fn report(changes: Changes<'_>, bound: Bound, format: AnswerFormat) -> anyhow::Result<Exit> {
    match format {
        AnswerFormat::Json => {
            let processes = changes.iter().map(object).collect();
            write_out(&json::text(&Object { processes, bound })?)?;
        }
        AnswerFormat::Lines => write_out(&changes.iter().filter_map(line).collect::<String>())?,
    }
    let failed = changes.into_iter().filter_map(|(_, change)| match change {
        Change::Failed(error) | Change::NotPardoned(_, error) => Some(error),
        Change::Behaves(_) | Change::HasEnded => None,
    });
    let mut exit = Exit::Agree;
    for error in failed {
        complain(format_args!("error: {error:#}"));
        if exit == Exit::Agree {
            exit = Exit::of(&error);
        }
    }
    Ok(exit)
}

fn line((process, change): &(&Process, Change)) -> Option<String> {
    let name = &process.name;
    match change {
        Change::Behaves(words) | Change::NotPardoned(words, _) => {
            Some(format!("{name}: {words}\n"))
        }
        Change::HasEnded => Some(format!("{name}: has ended\n")),
        Change::Failed(_) => None,
    }
}

fn object<'a>((process, change): &'a (&Process, Change)) -> OfProcess<'a> {
    let (fault, cause) = match change {
        Change::Behaves(words) => (Some(words.as_str()), None),
        Change::NotPardoned(words, error) => (Some(words.as_str()), Some(format!("{error:#}"))),
        Change::HasEnded => (None, Some("it has ended".to_owned())),
        Change::Failed(error) => (None, Some(format!("{error:#}"))),
    };
    OfProcess {
        process: &process.name,
        fault,
        cause,
    }
}

fn find<'a>(target: &'a Target, name: &str) -> anyhow::Result<&'a Process> {
    let mut processes = target.processes.iter();
    let found = processes.find(|process| process.name == name);
    found.with_context(|| {
        let names: Vec<_> = target
            .processes
            .iter()
            .map(|one| one.name.as_str())
            .collect();
        let meant = similar(name, names.iter().copied());
        let meant = meant.map(|meant| format!("; did you mean '{meant}'?"));
        format!(
            "there is no process '{name}' here: name one of {}{}",
            names.join(", "),
            meant.unwrap_or_default()
        )
    })
}
