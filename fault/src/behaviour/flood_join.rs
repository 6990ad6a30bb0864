use super::{Behaviour, Entry, Joins};
use crate::scene::Scene;

pub(super) const ENTRY: Entry = Entry {
    name: "flood-join",
    argument: "",
    what: "joins again and again under new keys, and sends bytes that are no packets",
    example: "flood-join",
    needs: Scene::Founding,
    make: |_, _| Ok(Box::new(FloodJoin)),
};

/// Comes as a new node every moment, and never becomes a member.
#[derive(Clone, Debug)]
struct FloodJoin;

impl Behaviour for FloodJoin {
    fn joins(&self) -> Option<Joins> {
        Some(Joins::Again)
    }
}
