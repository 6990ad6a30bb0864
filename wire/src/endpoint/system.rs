//! The `system.*` methods.

use dxr::Value;
use tokio::time::Instant;

use super::dispatch::Dispatch;
use crate::Fault;
use crate::method::answer::from_members;
use crate::spelling::{Spelling, spelt};
use crate::xml;

/// The method that runs other methods.
pub(super) const MULTICALL: &str = "system.multicall";

/// The most bytes of an answer around the values of an array.
const ENVELOPE: usize = 256;

/// A `system.*` method.
pub(super) struct SystemMethod {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) signatures: &'static [&'static [&'static str]],
}

/// All `system.*` methods.
pub(super) const METHODS: &[SystemMethod] = &[
    SystemMethod {
        name: "system.getCapabilities",
        help: "system.getCapabilities(): answers a struct of the specifications that this endpoint follows.",
        signatures: &[&["struct"]],
    },
    SystemMethod {
        name: "system.listMethods",
        help: "system.listMethods(): answers the names of all methods.",
        signatures: &[&["array"]],
    },
    SystemMethod {
        name: "system.methodHelp",
        help: "system.methodHelp(name): answers what a method does.",
        signatures: &[&["string", "string"]],
    },
    SystemMethod {
        name: "system.methodSignature",
        help: "system.methodSignature(name): answers an array of the ways to call a method. Each way is an array of types, \
            with the answer's type first.",
        signatures: &[&["array", "string"]],
    },
    SystemMethod {
        name: MULTICALL,
        help: "system.multicall(calls): runs an array of structs {methodName, params} in order. Answers an array \
            with one value per call: an array of its answer, or a fault struct.",
        signatures: &[&["array", "array"]],
    },
];

/// The `system.*` method with this name.
pub(super) fn find(name: &str) -> Option<&'static SystemMethod> {
    METHODS.iter().find(|method| method.name == name)
}

/// Runs a `system.*` method other than multicall. `None` if there is no such method.
pub(super) fn run(
    dispatch: &Dispatch,
    name: &str,
    params: &[Value],
) -> Option<Result<Value, Fault>> {
    match name {
        "system.listMethods" => Some(none(name, params).map(|()| strings(&dispatch.names()))),
        "system.getCapabilities" => Some(none(name, params).map(|()| capabilities())),
        "system.methodHelp" => Some(
            method_name(name, params)
                .and_then(|method| dispatch.help(method).map(Value::String).ok_or_else(unknown)),
        ),
        "system.methodSignature" => Some(method_name(name, params).and_then(|method| {
            let signatures = dispatch.signatures(method).ok_or_else(unknown)?;
            Ok(Value::Array(
                signatures.iter().map(|types| strings(types)).collect(),
            ))
        })),
        _ => None,
    }
}

/// Runs many calls in order until the deadline. The fault of a call takes the place of its answer.
pub(super) async fn multicall(
    dispatch: &Dispatch,
    params: Vec<Value>,
    spelling: Spelling,
    deadline: Instant,
) -> Result<Value, Fault> {
    let limits = dispatch.limits();
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
            let answer = answer_or_fault(one(dispatch, call, deadline).await);
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

/// Runs one call of a multicall.
async fn one(dispatch: &Dispatch, call: Value, deadline: Instant) -> Result<Value, Fault> {
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
        name => dispatch.run(name, params, deadline).await,
    }
}

fn answer_or_fault(result: Result<Value, Fault>) -> Value {
    match result {
        Ok(value) => Value::Array(vec![value]),
        Err(fault) => from_members([
            ("faultCode", Value::Integer(fault.code())),
            ("faultString", Value::String(fault.message().to_owned())),
        ]),
    }
}

/// The fault for an unknown method name.
pub(super) fn unknown() -> Fault {
    Fault::no_such_method("no method has that name; system.listMethods names those there are")
}

fn none(method: &str, params: &[Value]) -> Result<(), Fault> {
    if params.is_empty() {
        return Ok(());
    }
    Err(Fault::wrong_parameters(format!(
        "{method}(): expected 0 parameters, got {}",
        params.len()
    )))
}

fn method_name<'a>(method: &str, params: &'a [Value]) -> Result<&'a str, Fault> {
    match params {
        [Value::String(name)] => Ok(name.trim()),
        _ => Err(Fault::wrong_parameters(format!(
            "{method}(name): expected 1 parameter, the name of a method as a string"
        ))),
    }
}

fn capabilities() -> Value {
    let specification = |url: &str, version| {
        from_members([
            ("specUrl", Value::String(url.to_owned())),
            ("specVersion", Value::Integer(version)),
        ])
    };
    from_members([
        ("xmlrpc", specification("http://www.xmlrpc.com/spec", 1)),
        (
            "introspection",
            specification("http://xmlrpc-c.sourceforge.net/introspection.html", 1),
        ),
        (
            "system.multicall",
            specification("http://www.xmlrpc.com/discuss/msgReader$1208", 1),
        ),
        (
            "faults_interop",
            specification(
                "http://xmlrpc-epi.sourceforge.net/specs/rfc.fault_codes.php",
                20_010_516,
            ),
        ),
    ])
}

fn strings(texts: &[&str]) -> Value {
    Value::Array(
        texts
            .iter()
            .map(|text| Value::String((*text).to_owned()))
            .collect(),
    )
}
