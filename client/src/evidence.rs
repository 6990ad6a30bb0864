//! `client evidence`: whom the processes can prove faulty.

use std::collections::BTreeMap;

use anyhow::ensure;
use futures_util::future::join_all;
use quorate_cli::console::complain;
use quorate_wire::method::Evidence;
use serde::Serialize;

use crate::exit::{Exit, no_answer};
use crate::options::{AnswerFormat, EvidenceOptions};
use crate::render::{json, write_out};
use crate::target::Target;
use crate::verdict::enumerate;

#[derive(Serialize)]
struct Object {
    evidence: Vec<Proof>,
}

/// A proof, and the processes that have it.
#[derive(Serialize)]
struct Proof {
    accused: String,
    kind: String,
    what: String,
    by: Vec<String>,
    /// Those of them that have pardoned the process since.
    pardoned_by: Vec<String>,
}

/// Prints all proofs. The first process that does not answer gives the exit status.
pub(crate) async fn command(target: &Target, options: &EvidenceOptions) -> anyhow::Result<Exit> {
    let reachable: Vec<_> = target.reachable().collect();
    ensure!(!reachable.is_empty(), "no process can be reached");
    let answers = join_all(reachable.iter().map(|process| process.call(Evidence))).await;
    let mut exit = Exit::Agree;
    let mut all: BTreeMap<(String, String, String), [Vec<String>; 2]> = BTreeMap::new();
    for (process, answer) in reachable.iter().zip(answers) {
        match answer {
            Ok(proofs) => {
                for one in proofs {
                    let [by, pardoned_by] =
                        all.entry((one.accused, one.kind, one.what)).or_default();
                    by.push(process.name.clone());
                    pardoned_by.extend(one.pardoned.then(|| process.name.clone()));
                }
            }
            Err(error) => {
                let error = no_answer(&process.name, error);
                complain(format_args!("error: {error:#}"));
                if exit == Exit::Agree {
                    exit = Exit::of(&error);
                }
            }
        }
    }
    let evidence: Vec<Proof> = all
        .into_iter()
        .map(|((accused, kind, what), [by, pardoned_by])| Proof {
            accused,
            kind,
            what,
            by,
            pardoned_by,
        })
        .collect();
    match options.format {
        AnswerFormat::Json => write_out(&json::text(&Object { evidence })?)?,
        AnswerFormat::Lines => write_out(&lines(&evidence))?,
    }
    Ok(exit)
}

fn lines(evidence: &[Proof]) -> String {
    if evidence.is_empty() {
        return "nobody is proved faulty\n".to_owned();
    }
    let line = |one: &Proof| {
        let Proof {
            accused,
            kind,
            what,
            by,
            pardoned_by,
        } = one;
        let pardoned = match pardoned_by.as_slice() {
            [] => String::new(),
            some => format!("; pardoned by {}", enumerate(some)),
        };
        format!(
            "{accused}: {what} ({kind}, proved by {}{pardoned})\n",
            enumerate(by)
        )
    };
    evidence.iter().map(line).collect()
}
