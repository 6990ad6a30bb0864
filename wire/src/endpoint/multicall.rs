//! `system.multicall`: many calls in one.

use std::pin::pin;

use dxr::Value;
use futures_util::stream::{self, StreamExt as _};

use super::methods::MULTICALL;
use crate::Fault;
use crate::Limits;
use crate::method::answer::from_fault;
use crate::spelling::{Spelling, spelt};
use crate::xml;

/// The most bytes of an answer around the values of an array.
const ENVELOPE: usize = 256;

/// How many calls that change nothing run at the same time.
const AT_ONCE: usize = 16;

/// Runs many calls, each with `run`, and answers in their order. The fault of a call takes the place of its answer.
///
/// Neighbours that change nothing (`changes_nothing` of their name) run at the same time: each answer is one that the call could
/// also have had alone. All others run one after another, since a caller may mean a call to see what the one before has done.
pub(super) async fn multicall<R: Future<Output = Result<Value, Fault>>>(
    limits: &Limits,
    params: Vec<Value>,
    spelling: Spelling,
    changes_nothing: impl Fn(&str) -> bool,
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
    let calls: Vec<Read> = calls.into_iter().map(read).collect();
    let together = |one: &Read, next: &Read| {
        let is_free = |call: &Read| call.as_ref().is_ok_and(|(name, _)| changes_nothing(name));
        is_free(one) && is_free(next)
    };
    let counts: Vec<usize> = calls.chunk_by(together).map(<[Read]>::len).collect();
    let mut calls = calls.into_iter();
    for count in counts {
        let run = async |call: Read| match call {
            Ok((name, params)) => run(name, params).await,
            Err(fault) => Err(fault),
        };
        // What would have no room in the answer is not run.
        let running = stream::iter(calls.by_ref().take(count).collect::<Vec<_>>()).map(run);
        let mut running = pin!(running.buffered(AT_ONCE));
        for _ in 0..count {
            left -= 1;
            if !full && let Some(answered) = running.next().await {
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
    }
    Ok(Value::Array(answers))
}

/// The name and the parameters of a call, or what is wrong with it.
type Read = Result<(String, Vec<Value>), Fault>;

/// The bytes of a value in an answer.
fn size(value: &Value, spelling: Spelling) -> usize {
    let xml = value.to_xml();
    xml.map_or(0, |xml| xml::legal(spelt(xml, spelling)).len())
}

/// The name and the parameters of one call.
fn read(call: Value) -> Read {
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
