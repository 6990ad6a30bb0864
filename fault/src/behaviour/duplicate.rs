use quorate_protocol::{Effect, ReplicaId};

use super::{Altered, Behaviour, Entry, recipient, taken_apart};
use crate::scene::Scene;

pub(super) const ENTRY: Entry = Entry {
    name: "duplicate",
    argument: "",
    what: "sends every message twice",
    example: "duplicate",
    needs: Scene::Order,
    make: |_, setting| {
        Ok(Box::new(Duplicate {
            own: setting.own(),
            n: setting.n(),
        }))
    },
};

/// Sends every protocol message twice.
#[derive(Clone, Debug)]
struct Duplicate {
    own: ReplicaId,
    n: u32,
}

impl Behaviour for Duplicate {
    fn alter(&mut self, effect: Effect) -> Vec<Altered> {
        taken_apart(effect, self.n)
            .into_iter()
            .flat_map(|effect| {
                let again = recipient(&effect, self.own).map(|_| effect.clone());
                [Some(effect), again]
            })
            .flatten()
            .map(Altered::from)
            .collect()
    }
}
