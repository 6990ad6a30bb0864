//! The `system.*` methods other than `system.multicall`.

use dxr::Value;

use super::methods::Methods;
use crate::Fault;
use crate::method::answer::from_members;

/// Runs a `system.*` method other than multicall. `None` if there is no such method.
pub(super) fn run(methods: &Methods, name: &str, params: &[Value]) -> Option<Result<Value, Fault>> {
    match name {
        "system.listMethods" => Some(none(name, params).map(|()| strings(&methods.names()))),
        "system.getCapabilities" => Some(none(name, params).map(|()| capabilities())),
        "system.methodHelp" => Some(
            method_name(name, params)
                .and_then(|method| methods.help(method).map(Value::String).ok_or_else(unknown)),
        ),
        "system.methodSignature" => Some(method_name(name, params).and_then(|method| {
            let signatures = methods.signatures(method).ok_or_else(unknown)?;
            Ok(Value::Array(
                signatures.iter().map(|types| strings(types)).collect(),
            ))
        })),
        _ => None,
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
