use quorate_protocol::{Effect, ReplicaId};

use super::{Altered, Behaviour, Entry, Say};
use crate::scene::Scene;

pub(super) const ENTRY: Entry = Entry {
    name: "silent",
    argument: "",
    what: "listens and never sends",
    example: "silent",
    needs: Scene::Order,
    make: |_, setting| {
        let own = setting.own();
        Ok(Box::new(Silent { own }))
    },
};

/// Listens and never sends.
#[derive(Clone, Debug)]
struct Silent {
    own: ReplicaId,
}

impl Behaviour for Silent {
    fn alter(&mut self, effect: Effect) -> Vec<Altered> {
        match effect {
            Effect::Broadcast(message) => vec![
                Effect::Send {
                    to: self.own,
                    message,
                }
                .into(),
            ],
            Effect::Send { to, .. } | Effect::Forward { to, .. } if to != self.own => Vec::new(),
            other => vec![other.into()],
        }
    }

    fn say(&mut self, _to: ReplicaId, _decision: &str) -> Say {
        Say::Nothing
    }
}
