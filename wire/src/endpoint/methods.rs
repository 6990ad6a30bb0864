//! The methods of an endpoint: its own, and what the `system.*` methods say of themselves.

use std::collections::BTreeMap;
use std::net::IpAddr;

use dxr::Value;
use dxr_server::async_trait;

use crate::Fault;

/// The method that runs other methods.
pub(super) const MULTICALL: &str = "system.multicall";

/// What answers the calls of a method.
#[async_trait]
pub(super) trait Handler: Send + Sync {
    /// Answers a call. `from`: the caller's address, if its connection came from a listener.
    async fn handle(&self, params: &[Value], from: Option<IpAddr>) -> Result<Value, Fault>;
}

/// What the endpoint knows about a method.
pub(super) struct Entry {
    pub(super) help: &'static str,
    pub(super) signatures: &'static [&'static [&'static str]],
    pub(super) faults: &'static [i32],
    pub(super) reserved: bool,
    pub(super) changes_nothing: bool,
    pub(super) handler: Box<dyn Handler>,
}

/// All methods of an endpoint.
pub(super) struct Methods {
    own: BTreeMap<&'static str, Entry>,
}

impl Methods {
    pub(super) const fn new(own: BTreeMap<&'static str, Entry>) -> Self {
        Self { own }
    }

    /// A method of the endpoint's own.
    pub(super) fn get(&self, name: &str) -> Option<(&'static str, &Entry)> {
        let (name, entry) = self.own.get_key_value(name)?;
        Some((name, entry))
    }

    /// The names of all methods, in order.
    pub(super) fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self
            .own
            .keys()
            .copied()
            .chain(SYSTEM.iter().map(|method| method.name))
            .collect();
        names.sort_unstable();
        names
    }

    /// The help of a method, with the fault codes of its own.
    pub(super) fn help(&self, name: &str) -> Option<String> {
        let own = self.own.get(name).map(|entry| {
            let faults: Vec<_> = entry.faults.iter().map(ToString::to_string).collect();
            match faults.len() {
                0 => entry.help.to_owned(),
                1 => format!("{} Fault {}.", entry.help, faults.join("")),
                _ => format!("{} Faults {}.", entry.help, faults.join(", ")),
            }
        });
        own.or_else(|| system_method(name).map(|method| method.help.to_owned()))
    }

    /// The signatures of a method: the types of its answer and parameters.
    pub(super) fn signatures(&self, name: &str) -> Option<&'static [&'static [&'static str]]> {
        let own = self.own.get(name).map(|entry| entry.signatures);
        own.or_else(|| system_method(name).map(|method| method.signatures))
    }
}

/// A `system.*` method.
struct SystemMethod {
    name: &'static str,
    help: &'static str,
    signatures: &'static [&'static [&'static str]],
}

/// All `system.*` methods.
const SYSTEM: &[SystemMethod] = &[
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
        help: "system.multicall(calls): runs an array of structs {methodName, params} in order; neighbours that \
            change nothing run at the same time. Answers an array with one value per call: an array of its answer, or a fault \
            struct.",
        signatures: &[&["array", "array"]],
    },
];

/// The `system.*` method with this name.
fn system_method(name: &str) -> Option<&'static SystemMethod> {
    SYSTEM.iter().find(|method| method.name == name)
}
