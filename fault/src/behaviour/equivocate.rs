use quorate_protocol::message::{Batch, Commit, Message, Prepare};
use quorate_protocol::{Effect, ReplicaId};

use super::{Altered, Behaviour, Entry, Say, one_by_one, opposite, with_false_digest};
use crate::scene::Scene;

pub(super) const ENTRY: Entry = Entry {
    name: "equivocate",
    argument: "",
    what: "tells every second process another batch, vote or decision",
    example: "equivocate",
    needs: Scene::Order,
    make: |_, setting| {
        Ok(Box::new(Equivocate {
            own: setting.own(),
            n: setting.n(),
        }))
    },
};

/// Tells every second process something else. A primary proposes the null batch to it, a backup votes for the null batch, and in
/// the exchange it gets the opposite decision. So the lies of several equivocators fit together: with some help of the links, two
/// of four make the two others execute different batches.
#[derive(Clone, Debug)]
struct Equivocate {
    own: ReplicaId,
    n: u32,
}

impl Equivocate {
    fn deceives(&self, to: ReplicaId) -> bool {
        to != self.own && to.0 % 2 == 1
    }
}

impl Behaviour for Equivocate {
    fn alter(&mut self, effect: Effect) -> Vec<Altered> {
        let Effect::Broadcast(message) = effect else {
            return vec![effect.into()];
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
        Message::Prepare(prepare) => Message::Prepare(Prepare {
            digest: Batch::null().digest(),
            ..*prepare
        }),
        Message::Commit(commit) => Message::Commit(Commit {
            digest: Batch::null().digest(),
            ..*commit
        }),
        other => with_false_digest(other),
    }
}
