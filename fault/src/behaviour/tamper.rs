use quorate_protocol::Effect;

use super::{Altered, Behaviour, Entry};
use crate::scene::Scene;

pub(super) const ENTRY: Entry = Entry {
    name: "tamper",
    argument: "",
    what: "executes wrong operations behind its engine's back",
    example: "tamper",
    needs: Scene::Order,
    make: |_, _| Ok(Box::new(Tamper { before: None })),
};

/// What it executes if there is no earlier operation, or if the earlier one is the same. No service can decode it.
const NO_OPERATION: &[u8] = b"tampered";

/// In each slot, replaces the last operation by the last operation of the slot before. The engine does not know, so
/// from then on the state differs from the others' and replies to clients are wrong.
#[derive(Clone, Debug)]
struct Tamper {
    before: Option<Vec<u8>>,
}

impl Behaviour for Tamper {
    fn alter(&mut self, effect: Effect) -> Vec<Altered> {
        let Effect::Execute {
            sequence,
            mut requests,
        } = effect
        else {
            return vec![effect.into()];
        };
        if let Some(last) = requests.last_mut() {
            let before = self.before.replace(last.operation.clone());
            let other = before.filter(|before| *before != last.operation);
            last.operation = other.unwrap_or_else(|| NO_OPERATION.to_vec());
        }
        vec![Effect::Execute { sequence, requests }.into()]
    }
}
