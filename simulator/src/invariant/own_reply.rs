//! Own reply: a caller gets the result of the operation that it asked for, and of no other.

use std::collections::BTreeMap;

use quorate_host::Outcome;
use quorate_protocol::message::Request;
use quorate_protocol::{ReplicaId, Sequence};
use quorate_service::{Answer, Operation};

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
        if executed.any(|(request, result)| gives(request, result, question, &outcome.answer)) {
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

/// Whether a request is what a caller asked for, or has it among others, and its result gives this answer to it. Of a lent session
/// the caller does not know the number.
fn gives(request: &Request, result: &[u8], question: &Question, answer: &Answer) -> bool {
    let name = (request.client, request.timestamp);
    if question.name.is_some_and(|asked| asked != name) {
        return false;
    }
    let operations = Operation::parts(&request.operation);
    let Some(all) = Answer::decode(result) else {
        return false;
    };
    let answers = all.each(operations.len());
    let mut given = operations.iter().zip(&answers);
    given.any(|given| given == (&question.operation, answer))
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

    #[test]
    fn the_answer_to_another_operation_of_the_same_list_is_found() {
        let by = ReplicaId(0);
        let operation = |words: &str| Operation::KeyValue(words.to_owned()).encode();
        let list = Operation::Several(vec![operation("set x=1"), operation("get y")]).encode();
        let request = Request::new(ClientId::session(by, 1), Timestamp(1), list);
        let (ok, value) = (kv::Answer::Ok, kv::Answer::Value("7".into()));
        let answers = [ok.clone(), value.clone()].map(Answer::KeyValue);
        let result = postcard::to_stdvec(&Answer::Several(answers.to_vec())).unwrap();
        let mut replies = OwnReply::default();
        replies.executed(Sequence(1), &[request], &[result]);
        let answered = |words, answer: &kv::Answer| {
            let question = Question {
                words: String::new(),
                operation: operation(words),
                name: None,
            };
            let outcome = Outcome {
                ordered: Some((Sequence(1), View(0))),
                answer: Answer::KeyValue(answer.clone()),
            };
            replies.answered(by, &question, &outcome).is_ok()
        };
        assert!(answered("set x=1", &ok) && answered("get y", &value));
        assert!(!answered("set x=1", &value) && !answered("get y", &ok));
    }
}
