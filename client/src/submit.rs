//! `client submit`: has an operation ordered and executed.

use quorate_wire::method::{RequestName, Submit, Submitted};
use serde::Serialize;

use crate::ask::{Whom, ask};
use crate::exit::{Exit, Failure, no_answer};
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
    let call = call(options);
    let whom = match call.request {
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
        request: request.map(|(client, timestamp)| RequestName { client, timestamp }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::{Command, Options, ProcessCommand};

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
    fn a_client_and_a_timestamp_name_the_request() {
        let named = submit(&["get x", "--client", "alice", "--timestamp", "7"]).unwrap();
        let name = RequestName {
            client: "alice".into(),
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
