use std::collections::BTreeSet;

use quorate_protocol::ReplicaId;
use quorate_service::gathering::{
    Act, Activity, Command, Gathering, MOST, MOST_NUMBERS, Name, Offer,
};

use super::{Behaviour, Entry};
use crate::scene::Scene;

pub(super) const ENTRY: Entry = Entry {
    name: "lie-offer",
    argument: "",
    what: "offers every activity and more than it has, and gives wrong results",
    example: "lie-offer",
    needs: Scene::Gathering,
    make: |_, _| Ok(Box::new(LieOffer)),
};

/// Offers what it does not do and claims what it does not have, on no terms. Then it gives a wrong result of each part of a
/// job. All liars give the same wrong result: so they have the most weight.
#[derive(Clone, Debug)]
struct LieOffer;

impl Behaviour for LieOffer {
    fn orders(&mut self, state: &Gathering, commands: Vec<Command>) -> Vec<Command> {
        let lie = |command| match command {
            Command::In(epoch, Act::Offer(offer)) => {
                Command::In(epoch, Act::Offer(inflated(state, offer)))
            }
            Command::In(epoch, Act::Result { job, part, value }) => {
                let value = if value < MOST { value + 1 } else { 0 };
                Command::In(epoch, Act::Result { job, part, value })
            }
            command => command,
        };
        commands.into_iter().map(lie).collect()
    }
}

/// An offer of everything, with the most of each capability that somebody names.
fn inflated(state: &Gathering, offer: Offer) -> Offer {
    let members = (0..state.membership().quorum().n()).map(ReplicaId);
    let offers = members.filter_map(|member| state.record(member)?.offer.as_ref());
    let named = offers.flat_map(|offer| offer.what.can.keys().chain(offer.what.needs.keys()));
    let own: BTreeSet<&Name> = offer.can.keys().collect();
    let others: BTreeSet<&Name> = named.filter(|name| !own.contains(name)).collect();
    let claims = own.into_iter().chain(others).take(MOST_NUMBERS);
    Offer {
        can: claims.map(|name| (name.clone(), MOST)).collect(),
        prefers: offer.prefers,
        ..Offer::of(Activity::ALL)
    }
}
