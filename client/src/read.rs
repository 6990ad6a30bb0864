//! `client read`: the value of a key.

use quorate_wire::method::Read;
use quorate_wire::{CallError, Fault};
use serde_json::json;

use crate::exit::{Exit, Failure, no_answer};
use crate::options::{AnswerFormat, ReadOptions};
use crate::render::{json, write_out};
use crate::target::Target;

/// Asks the first correct process for the value and prints it.
pub(crate) async fn command(target: &Target, options: &ReadOptions) -> anyhow::Result<Exit> {
    let process = target.first_correct()?;
    let key = options.key.clone();
    match process.call(Read { key }).await {
        Ok(value) => {
            write_out(&render(&process.name, options, &value)?)?;
            Ok(Exit::Agree)
        }
        Err(CallError::Fault(fault)) if fault.code() == Fault::NO_SUCH_KEY => {
            Err(Failure::new(Exit::NoSuchKey, fault.message().to_owned()).into())
        }
        Err(error) => Err(no_answer(&process.name, error)),
    }
}

fn render(process: &str, options: &ReadOptions, value: &str) -> anyhow::Result<String> {
    match options.format {
        AnswerFormat::Lines => Ok(format!("{value}\n")),
        AnswerFormat::Json => json::text(&json!({
            "process": process,
            "key": options.key,
            "value": value,
        })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::{Command, Options, ProcessCommand};

    #[test]
    fn lines_are_the_value_alone_and_json_has_the_key() {
        let rendered = |format: &str| {
            let options = Options::try_read(&["read", "x", "--format", format]).unwrap();
            let Some(Command::Processes(ProcessCommand::Read(options))) = options.command else {
                panic!("it is another command")
            };
            render("Q", &options, "4 2").unwrap()
        };
        assert_eq!(rendered("lines"), "4 2\n");
        let value: serde_json::Value = serde_json::from_str(&rendered("json")).unwrap();
        assert_eq!(
            value,
            json!({"v": 1, "process": "Q", "key": "x", "value": "4 2"})
        );
    }
}
