use std::collections::BTreeMap;

use quorate_protocol::message::{Batch, Message};
use quorate_protocol::{ClientId, Duration, Effect, Signed, Time, Timestamp, VerifiedMessage};

use super::{Altered, Behaviour, Entry};
use crate::scene::Scene;
use crate::scope::Moment;

pub(super) const ENTRY: Entry = Entry {
    name: "slow",
    argument: "",
    what: "as primary, proposes just before the others' timers run out",
    example: "slow",
    needs: Scene::Order,
    make: |_, setting| {
        let Duration(timeout) = setting.config.view_timeout;
        Ok(Box::new(Slow {
            patience: Duration(timeout / 10 * 9),
            now: Time(0),
            seen: BTreeMap::new(),
        }))
    },
};

/// As primary, holds each proposal back until its oldest request has waited for nine tenths of the view timeout. The
/// last tenth is enough to agree on it.
#[derive(Clone, Debug)]
struct Slow {
    patience: Duration,
    now: Time,
    /// The last request of each client, and when this process first saw it.
    seen: BTreeMap<ClientId, (Timestamp, Time)>,
}

impl Slow {
    fn late(&self, batch: &Batch) -> Duration {
        let since = |(client, timestamp)| match self.seen.get(&client) {
            Some((seen, since)) if *seen == timestamp => *since,
            _ => self.now,
        };
        let requests = batch.requests().iter().map(Signed::value);
        let oldest = requests.map(|one| since((one.client, one.timestamp))).min();
        let due = oldest.unwrap_or(self.now) + self.patience;
        Duration(due.0.saturating_sub(self.now.0))
    }
}

impl Behaviour for Slow {
    fn tick(&mut self, moment: Moment) {
        self.now = moment.now;
    }

    fn see(&mut self, message: &VerifiedMessage) {
        if let VerifiedMessage::Request(request) = message {
            let (client, timestamp) = (request.value().client, request.value().timestamp);
            let newer = |(seen, _): &(Timestamp, Time)| timestamp > *seen;
            if self.seen.get(&client).is_none_or(newer) {
                self.seen.insert(client, (timestamp, self.now));
            }
        }
    }

    fn alter(&mut self, effect: Effect) -> Vec<Altered> {
        let late = match &effect {
            Effect::Broadcast(Message::PrePrepare(_, batch)) => self.late(batch),
            _ => Duration::default(),
        };
        vec![Altered { effect, late }]
    }
}
