//! Execution, strictly in slot order, one slot at a time (rules 5 and 6).

use super::Replica;
use crate::effect::Effect;
use crate::id::Sequence;
use crate::limits::Limits;
use crate::mutant::Mutant;
use crate::record::Record;
use crate::replies::LastReply;

impl Replica {
    pub(super) fn execute_next(&mut self) {
        if self.executing || self.transfer.repairs() {
            return;
        }
        let mut sequence = self.executed.next();
        if self.is_mutant(Mutant::ExecutesOutOfOrder)
            && let Some((first, _)) = self
                .log
                .after(self.executed)
                .find(|(_, slot)| slot.committed.is_some())
        {
            sequence = first;
        }
        let Some(digest) = self.log.slot(sequence).and_then(|slot| slot.committed) else {
            return;
        };
        let Some(batch) = self.log.body(digest) else {
            return;
        };
        let twice = self.is_mutant(Mutant::ExecutesTwice);
        let requests = self.requests.unexecuted(batch, sequence, twice);
        let requests = requests
            .into_iter()
            .map(|request| request.value().clone())
            .collect();
        self.executing = true;
        self.effects.push(Effect::Execute { sequence, requests });
    }

    pub(super) fn on_executed(&mut self, sequence: Sequence, results: Vec<Vec<u8>>) {
        debug_assert!(
            self.executing
                && (sequence == self.executed.next() || self.is_mutant(Mutant::ExecutesOutOfOrder)),
            "the host executed a slot that was not asked for"
        );
        self.reply(sequence, results);
        self.executing = false;
        self.executed = sequence;
        if sequence > self.told {
            self.told = sequence;
            self.persist(Record::Executed(sequence));
        }
        self.note_progress();
        if sequence.0.is_multiple_of(self.config.checkpoint_interval) {
            self.effects.push(Effect::TakeCheckpoint { sequence });
        }
        self.ask_for_more();
        self.execute_next();
        self.propose();
    }

    fn reply(&mut self, sequence: Sequence, results: Vec<Vec<u8>>) {
        let digest = self.log.slot(sequence).and_then(|slot| slot.committed);
        let Some(batch) = digest.and_then(|digest| self.log.body(digest)) else {
            return;
        };
        let twice = self.is_mutant(Mutant::ExecutesTwice);
        let requests = self.requests.unexecuted(batch, sequence, twice);
        debug_assert_eq!(requests.len(), results.len(), "one result per request");
        let mut told = Vec::new();
        for (request, mut result) in requests.into_iter().zip(results) {
            result.truncate(self.config.limits.result);
            let client = request.value().client;
            let last = LastReply {
                timestamp: request.value().timestamp,
                request: request.value().digest(),
                sequence,
                result: Some(result),
            };
            let limits = self.reply_limits();
            self.requests.record_reply(client, last.clone(), &limits);
            self.requests.record_service(request.signer(), sequence);
            told.push((request.signer(), client, last));
        }
        self.requests.settle(batch);
        self.tell(told);
    }

    /// A mutant keeps all results.
    fn reply_limits(&self) -> Limits {
        let mut limits = self.config.limits;
        if self.is_mutant(Mutant::ResultsUnbounded) {
            limits.results = usize::MAX;
        }
        limits
    }
}
