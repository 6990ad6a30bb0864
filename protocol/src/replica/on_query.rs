//! QUERY: a read-only operation, answered from the state that has executed here (C5.1, rule 20).

use super::Replica;
use crate::effect::Effect;
use crate::id::ReplicaId;
use crate::message::{Answer, Message, Query};

impl Replica {
    /// Does not answer in three cases: this replica's state is known to be wrong; it is older than what clients were
    /// told, as it can be after a restart; or this replica has lost its memory and does not know what clients were
    /// told.
    pub(super) fn on_query(&mut self, from: ReplicaId, query: Query) {
        if self.transfer.repairs() || self.executed < self.told || self.rejoins() {
            return;
        }
        if self.may_read(from) {
            self.effects.push(Effect::Read { to: from, query });
        }
    }

    /// A result is cut at the limit, as the result of a request is. Short queries may have long results, so these count
    /// too.
    pub(super) fn on_read(&mut self, to: ReplicaId, mut answer: Answer) {
        answer.result.truncate(self.config.limits.result);
        if self.may_send_result(to, answer.result.len()) {
            let message = Message::Answer(answer);
            self.effects.push(Effect::Send { to, message });
        }
    }
}
