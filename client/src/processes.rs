//! `client kill`, `client restart`, `client pause`, `client resume` and `client stop`: commands to the server that started the
//! processes. Any process says where its server takes commands; while a process is gone or paused, the server itself does.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use quorate_cli::console::complain;
use quorate_wire::method::{
    ProcessKill, ProcessPause, ProcessRestart, ProcessResume, ServerControl, ServerStop, Supervised,
};
use quorate_wire::{CallError, Caller, Fault, Method};
use serde::Serialize;
use tokio::time::{Instant, sleep};

use crate::exit::{Exit, Failure};
use crate::options::{AnswerFormat, NamedOptions, PauseOptions, StopOptions};
use crate::render::{json, write_out};
use crate::target::Target;

/// How long a server may take to end its processes and itself.
const ENDING: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);

/// Has processes killed.
pub(crate) async fn kill(target: &Target, options: &NamedOptions) -> anyhow::Result<Exit> {
    each(target, options, |process| ProcessKill { process }).await
}

/// Has processes started again.
pub(crate) async fn restart(target: &Target, options: &NamedOptions) -> anyhow::Result<Exit> {
    each(target, options, |process| ProcessRestart { process }).await
}

/// Has processes that are paused go on.
pub(crate) async fn resume(target: &Target, options: &NamedOptions) -> anyhow::Result<Exit> {
    each(target, options, |process| ProcessResume { process }).await
}

/// Has a process held up.
pub(crate) async fn pause(target: &Target, options: &PauseOptions) -> anyhow::Result<Exit> {
    let server = server_of(target).await?;
    let milliseconds = options.time.map(|time| time.as_millis());
    let call = ProcessPause {
        process: options.name.clone(),
        milliseconds: milliseconds.map(|time| u64::try_from(time).unwrap_or(u64::MAX)),
    };
    let answer = server.call(call).await;
    report(vec![answer], options.format)
}

/// Has the server end its processes and itself, and waits until it has.
pub(crate) async fn stop(target: &Target, _options: &StopOptions) -> anyhow::Result<Exit> {
    let server = server_of(target).await?;
    server.call(ServerStop).await?;
    let asked = Instant::now();
    while !is_gone(&server).await {
        if asked.elapsed() > ENDING {
            let message = format!("the server has not ended within {ENDING:?}: see its log");
            return Err(Failure::new(Exit::NoDecision, message).into());
        }
        sleep(PAUSE).await;
    }
    write_out("the server has ended\n")?;
    Ok(Exit::Agree)
}

async fn is_gone(server: &Caller) -> bool {
    let asked = server.call_with_timeout(ServerStop, PAUSE * 10).await;
    matches!(asked, Err(CallError::Unreachable { .. }))
}

/// Calls the server once for each named process, one after the other: so no more of them are away at once than must be.
async fn each<M: Method<Answer = Supervised>>(
    target: &Target,
    options: &NamedOptions,
    call: impl Fn(String) -> M,
) -> anyhow::Result<Exit> {
    let server = server_of(target).await?;
    let mut answers = Vec::new();
    for name in &options.names {
        answers.push(server.call(call(name.clone())).await);
    }
    report(answers, options.format)
}

/// The server that started the processes.
async fn server_of(target: &Target) -> anyhow::Result<Caller> {
    let mut last = anyhow!("no process can be reached");
    for process in &target.processes {
        match process.call(ServerControl).await {
            Ok(address) => {
                let address: SocketAddr = address
                    .parse()
                    .with_context(|| format!("process {} names no server", process.name))?;
                return Ok(Caller::new(address, target.timeout));
            }
            Err(CallError::Fault(fault)) if fault.code() != Fault::OVERLOADED => {
                last = anyhow!("process {}: {}", process.name, fault.message());
            }
            Err(error) => last = anyhow::Error::new(error),
        }
    }
    Err(last)
}

#[derive(Serialize)]
struct Object<'a> {
    processes: Vec<OfProcess<'a>>,
}

#[derive(Serialize)]
struct OfProcess<'a> {
    process: &'a str,
    port: u16,
    /// `None` if it is gone.
    pid: Option<u64>,
    state: &'a str,
    /// Why it does not run; `None` if it runs.
    reason: Option<&'a str>,
    restarts: u64,
}

/// Prints the answers. The first order that was not carried out gives the exit status.
fn report(
    answers: Vec<Result<Supervised, CallError>>,
    format: AnswerFormat,
) -> anyhow::Result<Exit> {
    let done = || answers.iter().filter_map(|answer| answer.as_ref().ok());
    match format {
        AnswerFormat::Json => {
            let processes = done().map(object).collect();
            write_out(&json::text(&Object { processes })?)?;
        }
        AnswerFormat::Lines => write_out(&done().map(line).collect::<String>())?,
    }
    let mut exit = Exit::Agree;
    for error in answers.into_iter().filter_map(Result::err) {
        let error = match error {
            CallError::Fault(fault) => anyhow!("{}", fault.message()),
            CallError::TimedOut { .. } => Failure::new(Exit::NoDecision, error.to_string()).into(),
            other => anyhow::Error::new(other),
        };
        complain(format_args!("error: {error:#}"));
        if exit == Exit::Agree {
            exit = Exit::of(&error);
        }
    }
    Ok(exit)
}

fn line(one: &Supervised) -> String {
    let Supervised { process, pid, .. } = one;
    if one.reason.is_empty() {
        format!("{process}: {}, pid {pid}\n", one.state)
    } else {
        format!("{process}: {}\n", one.reason)
    }
}

fn object(one: &Supervised) -> OfProcess<'_> {
    OfProcess {
        process: &one.process,
        port: one.port,
        pid: Some(one.pid).filter(|pid| *pid != 0),
        state: &one.state,
        reason: Some(one.reason.as_str()).filter(|reason| !reason.is_empty()),
        restarts: one.restarts,
    }
}
