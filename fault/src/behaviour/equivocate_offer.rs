use quorate_protocol::ReplicaId;
use quorate_service::gathering::{Act, Activity, Command, Gathering, Offer};

use super::{Behaviour, Entry};
use crate::scene::Scene;

pub(super) const ENTRY: Entry = Entry {
    name: "equivocate-offer",
    argument: "",
    what: "signs two different offers",
    example: "equivocate-offer",
    needs: Scene::Gathering,
    make: |_, setting| {
        let own = setting.own();
        Ok(Box::new(EquivocateOffer { own }))
    },
};

/// Offers twice in each epoch. Its second offer prefers something else than its first one.
#[derive(Clone, Debug)]
struct EquivocateOffer {
    own: ReplicaId,
}

impl Behaviour for EquivocateOffer {
    fn orders(&mut self, state: &Gathering, mut commands: Vec<Command>) -> Vec<Command> {
        let record = state.record(self.own);
        let first = record.and_then(|record| record.offer.as_ref());
        let made = first.map(|first| first.what.clone());
        let wanted = commands.iter().find_map(|command| match command {
            Command::In(_, Act::Offer(offer)) => Some(offer.clone()),
            _ => None,
        });
        // Two are made, and it wants to make neither again.
        let is_done = record.is_some_and(|record| record.second_offer.is_some());
        if let Some(first) = made.or(wanted).filter(|_| !is_done) {
            commands.push(Command::In(state.epoch(), Act::Offer(another(&first))));
        }
        commands
    }
}

/// An offer that contradicts this one, always the same.
fn another(offer: &Offer) -> Offer {
    let mut another = Offer::of(Activity::ALL);
    another.prefers = another.services.iter().rev().copied().collect();
    if another == *offer {
        another.prefers.clear();
    }
    another
}
