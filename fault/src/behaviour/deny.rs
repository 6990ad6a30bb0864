use std::collections::BTreeSet;

use quorate_protocol::{Effect, ReplicaId};

use super::{Altered, Behaviour, Entry, Say, bad_argument, one_by_one};
use crate::error::ParseError;
use crate::scene::Scene;
use crate::words::parse_process;

pub(super) const ENTRY: Entry = Entry {
    name: "deny",
    argument: "[:PEERS]",
    what: "exchanges nothing with these processes (`P=deny:R+S`) or with all",
    example: "deny",
    needs: Scene::Order,
    make: |argument, setting| Ok(Box::new(Deny::parse(argument, setting.own(), setting.n())?)),
};

/// Neither sends to some processes nor hears them. That includes the messages of the protocol.
#[derive(Clone, Debug)]
struct Deny {
    n: u32,
    denied: BTreeSet<ReplicaId>,
}

impl Deny {
    /// `R+S` names the denied processes. Without an argument all others are denied.
    fn parse(argument: Option<&str>, own: ReplicaId, n: u32) -> Result<Self, ParseError> {
        let denied = match argument {
            None => (0..n).map(ReplicaId).filter(|peer| *peer != own).collect(),
            Some(names) => {
                let denied = names
                    .split('+')
                    .map(|name| parse_process(name, n))
                    .collect::<Result<BTreeSet<_>, _>>()?;
                if denied.contains(&own) {
                    return Err(bad_argument(
                        "deny",
                        names,
                        "a process cannot deny itself; name other processes, such as R+S",
                    ));
                }
                denied
            }
        };
        Ok(Self { n, denied })
    }
}

impl Behaviour for Deny {
    fn hears(&mut self, from: ReplicaId) -> bool {
        !self.denied.contains(&from)
    }

    fn alter(&mut self, effect: Effect) -> Vec<Altered> {
        match effect {
            Effect::Broadcast(message) => one_by_one(self.n, |to| {
                (!self.denied.contains(&to)).then(|| message.clone())
            }),
            Effect::Send { to, .. } | Effect::Forward { to, .. } if self.denied.contains(&to) => {
                Vec::new()
            }
            other => vec![other.into()],
        }
    }

    fn say(&mut self, to: ReplicaId, decision: &str) -> Say {
        if self.denied.contains(&to) {
            Say::Deny
        } else {
            Say::Decision(decision.to_owned())
        }
    }
}
