use quorate_protocol::{Effect, ReplicaId};

use super::{Altered, Behaviour, Entry, Say, bad_argument, recipient, taken_apart};
use crate::dice::Dice;
use crate::scene::Scene;
use crate::words::parse_percent;

pub(super) const ENTRY: Entry = Entry {
    name: "drop",
    argument: ":PERCENT",
    what: "loses this share of the messages that it sends (`drop:30%`)",
    example: "drop:30%",
    needs: Scene::Order,
    make: |argument, setting| {
        let argument = argument.unwrap_or_default();
        let percent = parse_percent(argument).ok_or_else(|| {
            bad_argument(
                "drop",
                argument,
                "write a percentage from 1% to 100%, as in drop:30%",
            )
        });
        Ok(Box::new(Drop {
            own: setting.own(),
            n: setting.n(),
            percent: percent?,
            dice: setting.dice(b"drop"),
        }))
    },
};

/// Loses a share of the messages that it sends. Chance decides for each recipient separately.
#[derive(Clone, Debug)]
struct Drop {
    own: ReplicaId,
    n: u32,
    percent: u64,
    dice: Dice,
}

impl Drop {
    fn loses(&mut self) -> bool {
        self.dice.chance(self.percent * 10)
    }
}

impl Behaviour for Drop {
    fn alter(&mut self, effect: Effect) -> Vec<Altered> {
        let own = self.own;
        taken_apart(effect, self.n)
            .into_iter()
            .filter(|effect| recipient(effect, own).is_none() || !self.loses())
            .map(Altered::from)
            .collect()
    }

    fn say(&mut self, _to: ReplicaId, decision: &str) -> Say {
        if self.loses() {
            Say::Nothing
        } else {
            Say::Decision(decision.to_owned())
        }
    }
}
