use quorate_protocol::{Digest, ReplicaId};
use quorate_service::gathering::{Act, Command, Gathering, MOST, Name, commitment};

use super::{Behaviour, Entry};
use crate::scene::Scene;

pub(super) const ENTRY: Entry = Entry {
    name: "late-bid",
    argument: "",
    what: "changes its bid after the close, and reveals the changed one",
    example: "late-bid",
    needs: Scene::Gathering,
    make: |_, setting| {
        let (own, secret) = (setting.own(), setting.seed);
        Ok(Box::new(LateBid { own, secret }))
    },
};

/// Bids the most that there is once the bids of a lot are closed, and reveals that instead of its bid. It bids late even if it has not
/// bid before.
#[derive(Clone, Debug)]
struct LateBid {
    own: ReplicaId,
    /// The salts come from it.
    secret: [u8; 32],
}

impl Behaviour for LateBid {
    fn orders(&mut self, state: &Gathering, mut commands: Vec<Command>) -> Vec<Command> {
        commands.retain(|command| !matches!(command, Command::In(_, Act::Reveal { .. })));
        let revealed = state.lots().iter().filter(|lot| {
            lot.what.bids_closing.at().is_some() && lot.what.reveals_closing.at().is_none()
        });
        for lot in revealed {
            let acts = self.changed(state, &lot.name);
            commands.extend(acts.map(|act| Command::In(state.epoch(), act)));
        }
        commands
    }
}

impl LateBid {
    /// Another bid for a lot, and its reveal.
    fn changed(&self, state: &Gathering, lot: &Name) -> [Act; 2] {
        let (cluster, epoch) = (state.membership().cluster(), state.epoch());
        let (amount, name) = (MOST, lot.as_str().as_bytes());
        let salt = Digest::of(&[b"late bid", &self.secret, &epoch.to_le_bytes(), name]).0;
        let commitment = commitment(cluster, epoch, lot, self.own, amount, &salt);
        let bid = Act::Bid {
            lot: lot.clone(),
            commitment,
            memo: None,
        };
        let lot = lot.clone();
        [bid, Act::Reveal { lot, amount, salt }]
    }
}
