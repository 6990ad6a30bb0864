use quorate_protocol::Effect;

use super::{Altered, Behaviour, Entry};

pub(super) const ENTRY: Entry = Entry {
    name: "tamper",
    argument: "",
    what: "changes its own state behind the engine's back",
    example: "tamper",
    make: |_, _| Ok(Box::new(Tamper { before: None })),
};

/// What it executes if it has executed nothing before: no service can read it.
const NO_OPERATION: &[u8] = b"tampered";

/// In each slot executes the last operation of the slot before in place of this one's last. The engine does not know, so its
/// state is another from there on, and so is what it tells clients.
#[derive(Debug)]
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
