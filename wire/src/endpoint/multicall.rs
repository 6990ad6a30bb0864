//! `system.multicall`: many calls in one.

use dxr::Value;

use super::Limits;
use super::methods::MULTICALL;
use crate::Fault;
use crate::method::answer::from_fault;
use crate::spelling::{Spelling, spelt};
use crate::xml;

/// The most bytes of an answer around the values of an array.
const ENVELOPE: usize = 256;

/// Runs many calls in order, each with `run`. The fault of a call takes the place of its answer.
pub(super) async fn multicall<R: Future<Output = Result<Value, Fault>>>(
    limits: &Limits,
    params: Vec<Value>,
    spelling: Spelling,
    run: impl Fn(String, Vec<Value>) -> R,
) -> Result<Value, Fault> {
    let calls = match <[Value; 1]>::try_from(params) {
        Ok([Value::Array(calls)]) => calls,
        _ => {
            return Err(Fault::wrong_parameters(format!(
                "{MULTICALL}(calls): expected 1 parameter, an array of structs"
            )));
        }
    };
    if calls.len() > limits.multicall {
        return Err(Fault::wrong_parameters(format!(
            "{MULTICALL}: expected at most {} calls, got {}",
            limits.multicall,
            calls.len()
        )));
    }
    let too_much = answer_or_fault(Err(Fault::transport(format!(
        "the answers together are larger than {} bytes",
        limits.answer
    ))));
    // There is always room to say, for each remaining call, that the answer is full.
    let refusal = size(&too_much, spelling);
    let mut room = limits.answer.saturating_sub(ENVELOPE);
    let mut full = false;
    let mut left = calls.len();
    let mut answers = Vec::with_capacity(left);
    for call in calls {
        left -= 1;
        if !full {
            let answered = match read(call) {
                Ok((name, params)) => run(name, params).await,
                Err(fault) => Err(fault),
            };
            let answer = answer_or_fault(answered);
            match room.checked_sub(size(&answer, spelling)) {
                Some(rest) if rest >= left * refusal => {
                    room = rest;
                    answers.push(answer);
                    continue;
                }
                _ => full = true,
            }
        }
        answers.push(too_much.clone());
    }
    Ok(Value::Array(answers))
}

/// The bytes of a value in an answer.
fn size(value: &Value, spelling: Spelling) -> usize {
    let xml = value.to_xml();
    xml.map_or(0, |xml| xml::legal(spelt(xml, spelling)).len())
}

/// The name and the parameters of one call.
fn read(call: Value) -> Result<(String, Vec<Value>), Fault> {
    let Value::Struct(mut members) = call else {
        return Err(Fault::wrong_parameters(format!(
            "{MULTICALL}: a call must be a struct"
        )));
    };
    let Some(Value::String(name)) = members.remove("methodName") else {
        return Err(Fault::wrong_parameters(format!(
            "{MULTICALL}: methodName must be a string"
        )));
    };
    let params = match members.remove("params") {
        Some(Value::Array(params)) => params,
        _ => {
            return Err(Fault::wrong_parameters(format!(
                "{MULTICALL}: params must be an array"
            )));
        }
    };
    match name.trim() {
        MULTICALL => Err(Fault::wrong_parameters(format!(
            "{MULTICALL} cannot call itself"
        ))),
        name => Ok((name.to_owned(), params)),
    }
}

fn answer_or_fault(result: Result<Value, Fault>) -> Value {
    match result {
        Ok(value) => Value::Array(vec![value]),
        Err(fault) => from_fault(&fault),
    }
}
