//! Own reply: a caller gets the result of the operation that it asked for, and of no other.

use std::collections::BTreeMap;

use quorate_host::Outcome;
use quorate_protocol::message::Request;
use quorate_protocol::{ReplicaId, Sequence};
use quorate_service::Answer;

use crate::process::Question;

/// The rule.
pub const RULE: &str = "rule 26: what a caller gets as the answer to its operation is the result of this operation, \
     in the slot that it is told";

/// A caller got an answer that is not the result of its operation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{by} answers {question} with {answer}, which is not its result in slot {}", super::slot(*.sequence))]
pub struct NotItsOwn {
    /// Who answered.
    pub by: ReplicaId,
    /// What was asked for, in words.
    pub question: String,
    /// The answer, in words.
    pub answer: String,
    /// The slot in which the operation is said to have executed.
    pub sequence: Sequence,
}

/// The requests of each slot with their results, as the first correct process executed them.
#[derive(Debug, Default)]
pub(crate) struct OwnReply {
    slots: BTreeMap<Sequence, Vec<(Request, Vec<u8>)>>,
}

impl OwnReply {
    /// A correct process executes a slot.
    pub(crate) fn executed(
        &mut self,
        sequence: Sequence,
        requests: &[Request],
        results: &[Vec<u8>],
    ) {
        self.slots.entry(sequence).or_insert_with(|| {
            let results = results.iter().cloned();
            requests.iter().cloned().zip(results).collect()
        });
    }

    /// A correct process gives a caller the outcome of its operation. A read without ordering has no slot, and is judged
    /// by the order of all calls.
    ///
    /// # Errors
    /// The outcome is not that of this operation.
    pub(crate) fn answered(
        &self,
        by: ReplicaId,
        question: &Question,
        outcome: &Outcome,
    ) -> Result<(), NotItsOwn> {
        let Some((sequence, _)) = outcome.ordered else {
            return Ok(());
        };
        let mut executed = self.slots.get(&sequence).into_iter().flatten();
        if executed.any(|(request, result)| {
            is_asked_for(request, question) && gives(result, &outcome.answer)
        }) {
            return Ok(());
        }
        Err(NotItsOwn {
            by,
            question: question.words.clone(),
            answer: outcome.answer.to_string(),
            sequence,
        })
    }
}

/// Whether a request is what a caller asked for. Of a lent session the caller does not know the number.
fn is_asked_for(request: &Request, question: &Question) -> bool {
    let name = (request.client, request.timestamp);
    request.operation == question.operation && question.name.is_none_or(|asked| asked == name)
}

fn gives(result: &[u8], answer: &Answer) -> bool {
    Answer::decode(result).as_ref() == Some(answer)
}

#[cfg(test)]
mod tests {
    use quorate_host::Outcome;
    use quorate_protocol::message::Request;
    use quorate_protocol::{ClientId, ReplicaId, Sequence, Timestamp, View};
    use quorate_service::{Answer, Operation, kv};

    use super::OwnReply;
    use crate::process::Question;

    #[test]
    fn the_answer_to_another_operation_is_found() {
        let by = ReplicaId(0);
        let client = ClientId::named(by, "anna");
        let operation = |words: &str| Operation::KeyValue(words.to_owned()).encode();
        let request = Request::new(client, Timestamp(1), operation("set x=1"));
        let answer = Answer::KeyValue(kv::Answer::Ok);
        let other = Answer::KeyValue(kv::Answer::Refused(kv::Refusal::Grammar));
        let mut replies = OwnReply::default();
        replies.executed(
            Sequence(1),
            &[request],
            &[postcard::to_stdvec(&answer).unwrap()],
        );
        let answered = |words, timestamp, slot, answer: &Answer| {
            let question = Question {
                words: String::new(),
                operation: operation(words),
                name: Some((client, Timestamp(timestamp))),
            };
            let outcome = Outcome {
                ordered: Some((Sequence(slot), View(0))),
                answer: answer.clone(),
            };
            replies.answered(by, &question, &outcome).is_ok()
        };
        assert!(answered("set x=1", 1, 1, &answer));
        assert!(!answered("set x=2", 1, 1, &answer), "another operation");
        assert!(!answered("set x=1", 2, 1, &answer), "another request");
        assert!(!answered("set x=1", 1, 2, &answer), "another slot");
        assert!(!answered("set x=1", 1, 1, &other), "another result");
    }
}
