use quorate_service::gathering::{Act, Command, Gathering};

use super::{Behaviour, Entry};
use crate::scene::Scene;

pub(super) const ENTRY: Entry = Entry {
    name: "no-reveal",
    argument: "",
    what: "bids and does not reveal",
    example: "no-reveal",
    needs: Scene::Gathering,
    make: |_, _| Ok(Box::new(NoReveal)),
};

/// Keeps its bids sealed.
#[derive(Clone, Debug)]
struct NoReveal;

impl Behaviour for NoReveal {
    fn orders(&mut self, _: &Gathering, mut commands: Vec<Command>) -> Vec<Command> {
        commands.retain(|command| !matches!(command, Command::In(_, Act::Reveal { .. })));
        commands
    }
}
