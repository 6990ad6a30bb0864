//! `client link`: shows what happens to messages between processes, and changes it while they run.

use anyhow::ensure;
use futures_util::future::join_all;
use quorate_cli::console::complain;
use quorate_server::LinkRules;
use quorate_wire::method::{LinkGet, LinkSet, LinkStatus};
use serde::Serialize;

use crate::exit::Exit;
use crate::options::{AnswerFormat, LinkOptions};
use crate::render::{json, write_out};
use crate::target::{CORRECT, Process, Target};

/// What each process says of its links.
type Answers<'a> = Vec<(&'a Process, anyhow::Result<Vec<LinkStatus>>)>;

/// Gives all processes these rules, or shows the rules of those that can be reached. A process that does not get the rules is a failure:
/// what it sends would not follow them.
pub(crate) async fn command(target: &Target, options: &LinkOptions) -> anyhow::Result<Exit> {
    let rules = LinkRules::with_partitions(&options.partition, &options.rules, target.count())?;
    let rules = rules.texts();
    let processes: Vec<&Process> = if rules.is_empty() {
        target.reachable().collect()
    } else {
        target.processes.iter().collect()
    };
    ensure!(!processes.is_empty(), "no process can be reached");
    let answers = join_all(processes.into_iter().map(|process| ask(process, &rules)));
    report(answers.await, options.format)
}

async fn ask<'a>(
    process: &'a Process,
    rules: &[String],
) -> (&'a Process, anyhow::Result<Vec<LinkStatus>>) {
    let answer = if rules.is_empty() {
        process.call(LinkGet).await
    } else {
        let rules = rules.to_vec();
        process.call(LinkSet { rules }).await
    };
    (
        process,
        answer.map_err(|error| {
            process.not_told(error, "what it sends follows the rules that it has")
        }),
    )
}

#[derive(Serialize)]
struct Object<'a> {
    processes: Vec<OfProcess<'a>>,
}

#[derive(Serialize)]
struct OfProcess<'a> {
    process: &'a str,
    /// `None` if the process did not answer.
    links: Option<Vec<OfRule<'a>>>,
    /// Why it did not answer.
    cause: Option<String>,
}

#[derive(Serialize)]
struct OfRule<'a> {
    rule: &'a str,
    fitted: u64,
    lost: u64,
}

/// Prints the answers. The first process that did not answer gives the exit status.
fn report(answers: Answers<'_>, format: AnswerFormat) -> anyhow::Result<Exit> {
    match format {
        AnswerFormat::Json => {
            let processes = answers.iter().map(object).collect();
            write_out(&json::text(&Object { processes })?)?;
        }
        AnswerFormat::Lines => write_out(&answers.iter().map(lines).collect::<String>())?,
    }
    let mut exit = Exit::Agree;
    for error in answers.into_iter().filter_map(|(_, answer)| answer.err()) {
        complain(format_args!("error: {error:#}"));
        if exit == Exit::Agree {
            exit = Exit::of(&error);
        }
    }
    Ok(exit)
}

fn lines((process, answer): &(&Process, anyhow::Result<Vec<LinkStatus>>)) -> String {
    let name = &process.name;
    match answer {
        Err(_) => String::new(),
        Ok(rules) if rules.is_empty() => format!("{name}: {CORRECT}\n"),
        Ok(rules) => {
            let line = |one: &LinkStatus| {
                let LinkStatus { rule, fitted, lost } = one;
                format!("{name}: {rule} ({lost} of {fitted} messages lost)\n")
            };
            rules.iter().map(line).collect()
        }
    }
}

fn object<'a>((process, answer): &'a (&Process, anyhow::Result<Vec<LinkStatus>>)) -> OfProcess<'a> {
    let rules = answer.as_ref().ok().map(|rules| {
        let rule = |one: &'a LinkStatus| OfRule {
            rule: &one.rule,
            fitted: one.fitted,
            lost: one.lost,
        };
        rules.iter().map(rule).collect()
    });
    OfProcess {
        process: &process.name,
        links: rules,
        cause: answer.as_ref().err().map(|error| format!("{error:#}")),
    }
}
