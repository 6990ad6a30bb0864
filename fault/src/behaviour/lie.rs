use quorate_protocol::{Effect, ReplicaId};

use super::{
    Altered, Behaviour, Entry, Say, bad_argument, one_by_one, opposite, with_false_digest,
};
use crate::error::ParseError;
use crate::scene::Scene;

pub(super) const ENTRY: Entry = Entry {
    name: "lie",
    argument: "[:VALUE]",
    what: "casts false votes, and reports VALUE or the opposite decision",
    example: "lie",
    needs: Scene::Order,
    make: |argument, setting| Ok(Box::new(Lie::parse(argument, setting.own(), setting.n())?)),
};

/// Votes for digests that nobody proposed, gives false results, and tells a false decision, in its ballot too.
#[derive(Clone, Debug)]
struct Lie {
    own: ReplicaId,
    n: u32,
    value: Option<String>,
    last: String,
}

impl Lie {
    /// The decision that it always reports. Without an argument it reports the opposite of the true one.
    fn parse(argument: Option<&str>, own: ReplicaId, n: u32) -> Result<Self, ParseError> {
        let value = argument.map(str::to_owned);
        if value.as_deref() == Some("") {
            return Err(bad_argument(
                "lie",
                "",
                "write a decision, as in lie:retreat",
            ));
        }
        Ok(Self {
            own,
            n,
            value,
            last: "retreat".to_owned(),
        })
    }
}

impl Behaviour for Lie {
    fn alter(&mut self, effect: Effect) -> Vec<Altered> {
        let message = match effect {
            Effect::Broadcast(message) => message,
            Effect::Send { to, message } if to != self.own => {
                let message = with_false_digest(&message);
                return vec![Effect::Send { to, message }.into()];
            }
            other => return vec![other.into()],
        };
        one_by_one(self.n, |to| {
            Some(if to == self.own {
                message.clone()
            } else {
                with_false_digest(&message)
            })
        })
    }

    fn say(&mut self, _to: ReplicaId, decision: &str) -> Say {
        self.last = self.value.clone().unwrap_or_else(|| opposite(decision));
        Say::Decision(self.last.clone())
    }

    fn ballot(&mut self) -> Option<String> {
        Some(self.last.clone())
    }
}
