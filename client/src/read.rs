//! `client read`: the value of a key.

use quorate_wire::method::Read;
use quorate_wire::{CallError, Fault};
use serde::Serialize;

use crate::ask::{Whom, ask};
use crate::exit::{Exit, Failure, no_answer};
use crate::options::{AnswerFormat, ReadOptions};
use crate::render::{json, write_out};
use crate::target::Target;

#[derive(Serialize)]
struct Object<'a> {
    process: &'a str,
    key: &'a str,
    /// `None` if the key has no value.
    value: Option<String>,
}

/// Asks correct processes for the value and prints it.
pub(crate) async fn command(target: &Target, options: &ReadOptions) -> anyhow::Result<Exit> {
    let key = options.wanted.clone();
    let (process, answer) = ask(target, Read { key }, Whom::Any).await?;
    let value = match answer {
        Ok(value) => Some(value),
        Err(CallError::Fault(fault)) if fault.code() == Fault::NO_SUCH_KEY => None,
        Err(error) => return Err(no_answer(&process.name, error)),
    };
    print(&process.name, options, value)
}

fn print(process: &str, options: &ReadOptions, value: Option<String>) -> anyhow::Result<Exit> {
    let key = &options.wanted;
    let exit = Exit::if_done(value.is_some());
    match (options.format, value) {
        (AnswerFormat::Json, value) => write_out(&json::text(&Object {
            process,
            key,
            value,
        })?)?,
        (AnswerFormat::Lines, Some(value)) => write_out(&format!("{value}\n"))?,
        (AnswerFormat::Lines, None) => {
            let message = format!("no such key: nobody has set '{key}', or it was deleted");
            return Err(Failure::new(exit, message).into());
        }
    }
    Ok(exit)
}
