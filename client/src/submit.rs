//! `client submit`: has an operation ordered and executed.

use anyhow::Context;
use quorate_protocol::{ClientKey, ClusterId, Sequence, Timestamp};
use quorate_service::Operation;
use quorate_wire::hex;
use quorate_wire::method::{Client, RequestName, Submit, Submitted};
use serde::Serialize;

use crate::ask::{NO_CORRECT_ANSWER, Whom, ask};
use crate::exit::{Exit, Failure, no_answer};
use crate::key;
use crate::options::{AnswerFormat, SubmitOptions};
use crate::render::{json, write_out};
use crate::target::Target;

#[derive(Serialize)]
struct Object<'a> {
    process: &'a str,
    sequence_number: u64,
    view: u64,
    done: bool,
    result: &'a str,
}

/// Submits the operation to a correct process and prints what it answered.
pub(crate) async fn command(target: &Target, options: &SubmitOptions) -> anyhow::Result<Exit> {
    let call = match (&options.key, options.timestamp) {
        (Some(file), Some(timestamp)) => {
            let (cluster, after) = (cluster_of(target)?, executed_by_most(target));
            signed(options, &key::read(file)?, cluster, timestamp, after)
        }
        _ => call(options),
    };
    // Only a key makes it the same request at every process.
    let whom = match options.key {
        Some(_) => Whom::Any,
        None => Whom::One,
    };
    let (process, answer) = ask(target, call, whom).await?;
    let submitted = answer.map_err(|error| no_answer(&process.name, error))?;
    print(&process.name, options.format, submitted)
}

fn print(process: &str, format: AnswerFormat, submitted: Submitted) -> anyhow::Result<Exit> {
    let exit = Exit::if_done(submitted.done);
    match format {
        AnswerFormat::Json => write_out(&json::text(&Object {
            process,
            sequence_number: submitted.sequence_number,
            view: submitted.view,
            done: submitted.done,
            result: &submitted.result,
        })?)?,
        AnswerFormat::Lines if submitted.done => write_out(&format!("{}\n", submitted.result))?,
        AnswerFormat::Lines => return Err(Failure::new(exit, submitted.result).into()),
    }
    Ok(exit)
}

fn call(options: &SubmitOptions) -> Submit {
    let request = options.client.clone().zip(options.timestamp);
    Submit {
        operation: options.operation.join(" "),
        request: request.map(|(name, timestamp)| RequestName {
            client: Client::Name(name),
            timestamp,
        }),
    }
}

fn signed(
    options: &SubmitOptions,
    key: &ClientKey,
    cluster: ClusterId,
    timestamp: u64,
    after: u64,
) -> Submit {
    let operation = options.operation.join(" ");
    let signed = Operation::KeyValue(operation.clone()).encode();
    let seal = key.seal(cluster, Timestamp(timestamp), Sequence(after), &signed);
    let client = Client::Key {
        public_key: key.public(),
        signature: seal.0,
        after,
    };
    Submit {
        operation,
        request: Some(RequestName { client, timestamp }),
    }
}

/// The id of the cluster, as most correct processes tell it: some that say that they are correct may lie. With a wrong id no
/// process takes the request.
fn cluster_of(target: &Target) -> anyhow::Result<ClusterId> {
    let told = target.correct().filter_map(|one| one.status.as_ref().ok());
    let told: Vec<&str> = told.map(|status| status.cluster.as_str()).collect();
    let id = told_by_most(&told).context(NO_CORRECT_ANSWER)?;
    let id = hex::read(id).with_context(|| {
        format!("'{id}' is told as the cluster's id, and is not 64 hexadecimal digits")
    })?;
    Ok(ClusterId(id))
}

/// A slot that most processes have executed: more than half of those that answer tell it as the slot of a checkpoint, or a
/// later one.
fn executed_by_most(target: &Target) -> u64 {
    let told = target.correct().filter_map(|one| one.status.as_ref().ok());
    reached_by_most(told.map(|status| status.low_watermark).collect())
}

/// The highest slot that more than half have reached.
fn reached_by_most(mut slots: Vec<u64>) -> u64 {
    slots.sort_unstable();
    let fewer_than_half = slots.len().saturating_sub(1) / 2;
    slots.get(fewer_than_half).copied().unwrap_or_default()
}

/// What stands most often in a list; of several, the first.
fn told_by_most<'a>(told: &[&'a str]) -> Option<&'a str> {
    let count = |text: &str| told.iter().filter(|other| **other == text).count();
    told.iter().rev().max_by_key(|text| count(text)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::{Command, Options, ProcessCommand};

    #[test]
    fn one_process_that_tells_a_slot_too_high_does_not_decide_it() {
        assert_eq!(reached_by_most(vec![256, u64::MAX]), 256);
        assert_eq!(reached_by_most(vec![u64::MAX, 256, 512, 512]), 512);
        assert_eq!(reached_by_most(vec![0, 256, 256, 512]), 256);
        assert_eq!(reached_by_most(Vec::new()), 0);
    }

    fn submit(arguments: &[&str]) -> Result<Submit, String> {
        let options = Options::try_read(&[&["submit"], arguments].concat())?;
        match options.command {
            Some(Command::Processes(ProcessCommand::Submit(options))) => Ok(call(&options)),
            _ => Err("it is another command".to_owned()),
        }
    }

    #[test]
    fn an_operation_is_one_argument_or_several() {
        let plain = Submit {
            operation: "set x=42".into(),
            request: None,
        };
        assert_eq!(submit(&["set x=42"]), Ok(plain.clone()));
        assert_eq!(submit(&["set", "x=42"]), Ok(plain));
    }

    #[test]
    fn a_key_signs_the_cluster_the_timestamp_the_slot_and_the_operation() {
        let options = Options::try_read(&["submit", "get", "x", "--key", "k", "--timestamp", "7"]);
        let Ok(Options {
            command: Some(Command::Processes(ProcessCommand::Submit(options))),
            ..
        }) = options
        else {
            panic!("it is read");
        };
        let (key, cluster) = (ClientKey::new(&[1; 32]), ClusterId([2; 32]));
        let submit = signed(&options, &key, cluster, 7, 9);
        let operation = [&[1, 5][..], b"get x"].concat();
        let name = RequestName {
            client: Client::Key {
                public_key: key.public(),
                signature: key.seal(cluster, Timestamp(7), Sequence(9), &operation).0,
                after: 9,
            },
            timestamp: 7,
        };
        assert_eq!(submit.request, Some(name));
    }

    #[test]
    fn the_cluster_is_the_one_that_most_processes_tell() {
        assert_eq!(told_by_most(&["lie", "right", "right"]), Some("right"));
        assert_eq!(told_by_most(&["first", "second"]), Some("first"));
        assert_eq!(told_by_most(&[]), None);
    }

    #[test]
    fn a_client_and_a_timestamp_name_the_request() {
        let named = submit(&["get x", "--client", "alice", "--timestamp", "7"]).unwrap();
        let name = RequestName {
            client: Client::Name("alice".into()),
            timestamp: 7,
        };
        assert_eq!(named.request, Some(name));
    }

    #[test]
    fn nonsense_is_refused_with_advice() {
        for (arguments, advice) in [
            (&[][..], "<OPERATION>"),
            (&["get x", "--client", "alice"], "--timestamp"),
            (&["get x", "--timestamp", "1"], "--client"),
            (&["get x", "--key", "alice.key"], "--timestamp"),
            (
                &[
                    "get x",
                    "--key",
                    "k",
                    "--client",
                    "alice",
                    "--timestamp",
                    "1",
                ],
                "--client",
            ),
            (
                &["get x", "--client", "alice", "--timestamp", "0"],
                "0 is not in 1..",
            ),
            (&["get x", "--format", "table"], "lines, json"),
        ] {
            let error = submit(arguments).unwrap_err();
            assert!(error.contains(advice), "{arguments:?}: {error}");
        }
    }
}
