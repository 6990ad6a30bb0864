//! `client fault` and `client heal`: make processes faulty, and correct again, while they run.

use anyhow::{Context, bail};
use quorate_server::{FaultPlan, similar};
use quorate_wire::Method;
use quorate_wire::method::{FaultClear, FaultSet};

use crate::exit::{Exit, no_answer};
use crate::options::{FaultOptions, HealOptions};
use crate::render::write_out;
use crate::target::{Process, Target};

/// Gives the named processes their behaviours, and prints what each answers.
pub(crate) async fn set(target: &Target, options: &FaultOptions) -> anyhow::Result<Exit> {
    let n = target.count();
    let plan = FaultPlan::parse(&options.faults.join(","), n)?;
    let mut chosen = Vec::new();
    for (name, words) in plan.named() {
        let behaviour = words.to_owned();
        let process = find(target, &name.to_string())?;
        let ends = behaviour.starts_with("crash");
        chosen.push((process, FaultSet { behaviour }, ends));
    }
    if chosen.is_empty() {
        bail!("'none' makes no process faulty: name one, or use `client heal`");
    }
    change(chosen).await
}

/// Makes the named processes correct, or all that can be reached.
pub(crate) async fn heal(target: &Target, options: &HealOptions) -> anyhow::Result<Exit> {
    let processes: Vec<&Process> = if options.names.is_empty() {
        let all = target.processes.iter();
        all.filter(|process| process.is_reachable()).collect()
    } else {
        let names = options.names.iter();
        names
            .map(|name| find(target, name))
            .collect::<anyhow::Result<_>>()?
    };
    change(
        processes
            .into_iter()
            .map(|process| (process, FaultClear, false)),
    )
    .await
}

/// Calls them all; how the first ended that failed, if one did. One that is told to crash may have no time to answer.
async fn change<M: Method<Answer = String>>(
    calls: impl IntoIterator<Item = (&Process, M, bool)>,
) -> anyhow::Result<Exit> {
    let mut end = Ok(Exit::Agree);
    for (process, call, ends) in calls {
        match process.call(call).await {
            Ok(behaviour) => write_out(&format!("{}: {behaviour}\n", process.name))?,
            Err(error) if ends && error.is_unreachable() => {
                write_out(&format!("{}: has ended\n", process.name))?;
            }
            Err(error) => {
                let failed = no_answer(&process.name, error);
                if end.is_ok() {
                    end = Err(failed);
                } else {
                    eprintln!("error: {failed:#}");
                }
            }
        }
    }
    end
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
