use quorate_protocol::message::{Batch, Message};
use quorate_protocol::{Effect, ReplicaId};

use super::{Behaviour, Say, no_argument, one_by_one, opposite, with_false_digest};
use crate::plan::ParseError;

/// Tells every second process something else: as primary another batch, as backup another digest, in the exchange the
/// opposite decision.
#[derive(Debug)]
pub(super) struct Equivocate {
    own: ReplicaId,
    n: u32,
}

impl Equivocate {
    pub(super) fn parse(
        argument: Option<&str>,
        own: ReplicaId,
        n: u32,
    ) -> Result<Self, ParseError> {
        no_argument("equivocate", argument)?;
        Ok(Self { own, n })
    }

    fn deceives(&self, to: ReplicaId) -> bool {
        to != self.own && to.0 % 2 == 1
    }
}

impl Behaviour for Equivocate {
    fn alter(&mut self, effect: Effect) -> Vec<Effect> {
        let Effect::Broadcast(message) = effect else {
            return vec![effect];
        };
        one_by_one(self.n, |to| {
            Some(if self.deceives(to) {
                other_story(&message)
            } else {
                message.clone()
            })
        })
    }

    fn say(&mut self, to: ReplicaId, decision: &str) -> Say {
        Say::Decision(if self.deceives(to) {
            opposite(decision)
        } else {
            decision.to_owned()
        })
    }
}

fn other_story(message: &Message) -> Message {
    match message {
        Message::PrePrepare(pre_prepare, _) => {
            let mut other = *pre_prepare;
            other.digest = Batch::null().digest();
            Message::PrePrepare(other, Batch::null())
        }
        other => with_false_digest(other),
    }
}
