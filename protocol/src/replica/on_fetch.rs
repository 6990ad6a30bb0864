//! Fetch: a peer lacks a body (rule 3).

use super::Replica;
use crate::digest::Digest;
use crate::effect::Effect;
use crate::id::ReplicaId;
use crate::message::{Body, Message};

impl Replica {
    pub(super) fn on_fetch(&mut self, from: ReplicaId, digest: Digest) {
        if from == self.own() {
            return;
        }
        if let Some(batch) = self.log.body(digest).cloned()
            && self.may_send(from, batch.weight())
        {
            let message = Message::Body(Body { batch });
            self.effects.push(Effect::Send { to: from, message });
        }
    }
}
