//! `client submit`: has an operation ordered and executed.

use quorate_wire::method::{RequestName, Submit, Submitted};
use serde_json::json;

use crate::exit::{Exit, no_answer};
use crate::options::{AnswerFormat, SubmitOptions};
use crate::render::{json, write_out};
use crate::target::Target;

/// Submits the operation to the first correct process and prints what it answered.
pub(crate) async fn command(target: &Target, options: &SubmitOptions) -> anyhow::Result<Exit> {
    let process = target.first_correct()?;
    match process.call(call(options)).await {
        Ok(submitted) => {
            write_out(&render(&process.name, &submitted, options.format)?)?;
            Ok(Exit::Agree)
        }
        Err(error) => Err(no_answer(&process.name, error)),
    }
}

fn call(options: &SubmitOptions) -> Submit {
    let request = options.client.clone().zip(options.timestamp);
    Submit {
        operation: options.operation.join(" "),
        request: request.map(|(client, timestamp)| RequestName { client, timestamp }),
    }
}

fn render(process: &str, submitted: &Submitted, format: AnswerFormat) -> anyhow::Result<String> {
    match format {
        AnswerFormat::Lines => Ok(format!("{}\n", submitted.result)),
        AnswerFormat::Json => json::text(&json!({
            "process": process,
            "sequence_number": submitted.sequence_number,
            "view": submitted.view,
            "result": submitted.result,
        })),
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

    #[test]
    fn lines_are_the_result_alone_and_json_has_the_slot() {
        let submitted = Submitted {
            sequence_number: 7,
            view: 1,
            result: "cas failed: x is 3".into(),
        };
        let lines = render("Q", &submitted, AnswerFormat::Lines).unwrap();
        assert_eq!(lines, "cas failed: x is 3\n");
        let text = render("Q", &submitted, AnswerFormat::Json).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            value,
            json!({"v": 1, "process": "Q", "sequence_number": 7, "view": 1, "result": "cas failed: x is 3"})
        );
    }
}
