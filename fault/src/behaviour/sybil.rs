use super::{Behaviour, Entry, Joins, bad_argument};
use crate::error::ParseError;
use crate::scene::Scene;

pub(super) const ENTRY: Entry = Entry {
    name: "sybil",
    argument: ":KEYS",
    what: "joins with so many keys, 2 to 64, each a node of its own: `sybil:3`",
    example: "sybil:3",
    needs: Scene::Founding,
    make: |argument, _| Ok(Box::new(Sybil::parse(argument)?)),
};

/// Looks for others as several nodes, and takes as many seats as it gets. Each node is correct otherwise.
#[derive(Clone, Debug)]
struct Sybil {
    keys: u32,
}

impl Sybil {
    fn parse(argument: Option<&str>) -> Result<Self, ParseError> {
        let text = argument.unwrap_or_default();
        let keys = text.parse().ok().filter(|keys| (2..=64).contains(keys));
        let expected = "write how many keys it has, 2 to 64, as in sybil:3";
        let keys = keys.ok_or_else(|| bad_argument("sybil", text, expected))?;
        Ok(Self { keys })
    }
}

impl Behaviour for Sybil {
    fn joins(&self) -> Option<Joins> {
        Some(Joins::Keys(self.keys))
    }
}
