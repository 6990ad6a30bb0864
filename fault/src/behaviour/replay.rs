use std::collections::VecDeque;

use quorate_protocol::{Effect, ReplicaId, SignedMessage, VerifiedMessage};

use super::{Altered, Behaviour, Entry, recipient, taken_apart};
use crate::dice::Dice;
use crate::scene::Scene;

pub(super) const ENTRY: Entry = Entry {
    name: "replay",
    argument: "",
    what: "with each message, sends an old one again, own or others'",
    example: "replay",
    needs: Scene::Order,
    make: |_, setting| {
        Ok(Box::new(Replay {
            own: setting.own(),
            n: setting.n(),
            dice: setting.dice(b"replay"),
            old: VecDeque::new(),
        }))
    },
};

/// The most messages that it remembers.
const REMEMBERED: usize = 256;

/// Sends an old message along with each new one. The signatures of old messages are valid: it only forwards them.
#[derive(Clone, Debug)]
struct Replay {
    own: ReplicaId,
    n: u32,
    dice: Dice,
    old: VecDeque<SignedMessage>,
}

impl Replay {
    fn again(&mut self, to: ReplicaId) -> Option<Effect> {
        let place = self.dice.below(self.old.len() as u64);
        let message = self.old.get(usize::try_from(place).ok()?)?;
        Some(Effect::Forward {
            to,
            message: Box::new(message.clone()),
        })
    }
}

impl Behaviour for Replay {
    fn see(&mut self, message: &VerifiedMessage) {
        self.old.push_back(message.clone().into_signed());
        if self.old.len() > REMEMBERED {
            self.old.pop_front();
        }
    }

    fn alter(&mut self, effect: Effect) -> Vec<Altered> {
        taken_apart(effect, self.n)
            .into_iter()
            .flat_map(|effect| {
                let again = recipient(&effect, self.own).and_then(|to| self.again(to));
                [Some(effect), again]
            })
            .flatten()
            .map(Altered::from)
            .collect()
    }
}
