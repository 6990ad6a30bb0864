use quorate_protocol::{Duration, Effect, ReplicaId};

use super::{Altered, Behaviour, Entry, Say, bad_argument, recipient, taken_apart};
use crate::scene::Scene;
use crate::words::parse_micros;

pub(super) const ENTRY: Entry = Entry {
    name: "delay",
    argument: ":TIME",
    what: "sends every message late (`delay:200ms`)",
    example: "delay:200ms",
    needs: Scene::Order,
    make: |argument, setting| {
        let argument = argument.unwrap_or_default();
        let micros = parse_micros(argument).filter(|micros| *micros > 0);
        let micros = micros
            .ok_or_else(|| bad_argument("delay", argument, "write a time, as in delay:200ms"));
        Ok(Box::new(Delay {
            own: setting.own(),
            n: setting.n(),
            late: Duration(micros?),
        }))
    },
};

/// Sends every message late. Messages to itself are not delayed.
#[derive(Clone, Debug)]
struct Delay {
    own: ReplicaId,
    n: u32,
    late: Duration,
}

impl Behaviour for Delay {
    fn alter(&mut self, effect: Effect) -> Vec<Altered> {
        taken_apart(effect, self.n)
            .into_iter()
            .map(|effect| match recipient(&effect, self.own) {
                Some(_) => Altered {
                    effect,
                    late: self.late,
                },
                None => effect.into(),
            })
            .collect()
    }

    fn say(&mut self, _to: ReplicaId, decision: &str) -> Say {
        Say::Late(decision.to_owned(), self.late)
    }
}
