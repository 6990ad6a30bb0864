use quorate_protocol::message::{Message, Replies, Request};
use quorate_protocol::{Effect, ReplicaId, Time, Timestamp, VerifiedMessage, View};

use super::{Altered, Behaviour, Entry};
use crate::dice::Dice;
use crate::scene::Scene;
use crate::scope::Moment;

pub(super) const ENTRY: Entry = Entry {
    name: "impersonate",
    argument: "",
    what: "signs requests in the name of others' clients, and sends clients false results",
    example: "impersonate",
    needs: Scene::Order,
    make: |_, setting| {
        Ok(Box::new(Impersonate {
            own: setting.own(),
            dice: setting.dice(b"impersonate"),
            now: Time::default(),
            operation: b"stolen".to_vec(),
            result: b"stolen".to_vec(),
            stolen: Vec::new(),
        }))
    },
};

/// For each request that it hears from another process, it signs one in the name of the same client: with another
/// operation, and with the client's next timestamp or one far ahead. Its replies have the results of other requests, and claim a view
/// that nobody has reached.
#[derive(Clone, Debug)]
struct Impersonate {
    own: ReplicaId,
    dice: Dice,
    now: Time,
    /// The operation that it heard last.
    operation: Vec<u8>,
    /// The result that it gave last.
    result: Vec<u8>,
    /// The requests that it sends next.
    stolen: Vec<Request>,
}

impl Impersonate {
    fn steal(&mut self, request: &Request) {
        let operation = std::mem::replace(&mut self.operation, request.operation.clone());
        let timestamp = if self.dice.chance(500) {
            Timestamp(request.timestamp.0.saturating_add(1))
        } else {
            Timestamp(u64::MAX - self.dice.below(1000))
        };
        self.stolen.push(Request {
            timestamp,
            operation,
            ..request.clone()
        });
    }

    fn with_other_results(&mut self, mut told: Replies) -> Replies {
        for reply in &mut told.replies {
            reply.view = View(reply.view.0.saturating_add(100));
            if let Some(result) = &mut reply.result {
                std::mem::swap(result, &mut self.result);
            }
        }
        told
    }
}

impl Behaviour for Impersonate {
    fn tick(&mut self, moment: Moment) {
        self.now = moment.now;
    }

    fn see(&mut self, message: &VerifiedMessage) {
        if let VerifiedMessage::Request(request) = message
            && request.signer() != self.own
        {
            self.steal(request.value());
        }
    }

    fn alter(&mut self, effect: Effect) -> Vec<Altered> {
        let altered = match effect {
            Effect::Send {
                to,
                message: Message::Replies(told),
            } => Effect::Send {
                to,
                message: Message::Replies(self.with_other_results(told)),
            },
            other => other,
        };
        vec![altered.into()]
    }

    fn acts_at(&self) -> Option<Time> {
        (!self.stolen.is_empty()).then_some(self.now)
    }

    fn act(&mut self) -> Vec<Effect> {
        let stolen = std::mem::take(&mut self.stolen).into_iter();
        stolen.map(Message::Ask).map(Effect::Broadcast).collect()
    }
}
