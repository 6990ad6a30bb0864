//! QUERY: a read-only operation, answered from what has executed here (C5.1, rule 20).

use super::Replica;
use crate::effect::Effect;
use crate::id::ReplicaId;
use crate::message::{Answer, Message, Query};

impl Replica {
    /// A state that is known to be wrong answers nothing, nor one that is older than what clients were told, as after a
    /// restart; who lost its memory does not know what they were told.
    pub(super) fn on_query(&mut self, from: ReplicaId, query: Query) {
        if self.transfer.repairs() || self.executed < self.told || self.rejoins() {
            return;
        }
        let Query { number, operation } = query;
        self.effects.push(Effect::Read {
            to: from,
            number,
            operation,
        });
    }

    pub(super) fn on_read(&mut self, to: ReplicaId, number: u64, result: Vec<u8>) {
        let message = Message::Answer(Answer { number, result });
        self.effects.push(Effect::Send { to, message });
    }
}
