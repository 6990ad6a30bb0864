use super::{Behaviour, Entry};
use crate::scene::Scene;

pub(super) const ENTRY: Entry = Entry {
    name: "amnesia",
    argument: "",
    what: "forgets its votes when it restarts (simulator, or `server` with `--data-dir`)",
    example: "amnesia",
    needs: Scene::Order,
    make: |_, _| Ok(Box::new(Amnesia)),
};

/// Starts again with an empty disk and votes at once, as if it had never voted. Rule 23 forbids that.
#[derive(Clone, Debug)]
struct Amnesia;

impl Behaviour for Amnesia {
    fn forgets(&mut self) -> bool {
        true
    }
}
