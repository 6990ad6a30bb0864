//! `submit` with several operations in one call.

use dxr::Value;

use super::answer::{self, Members, from_fault};
use super::parameters::Parameters;
use super::{Method, Submit, Submitted};
use crate::{Fault, Limits};

/// The bytes of an answer beside its results: the array around them.
const ENVELOPE: usize = 1024;
/// The most bytes of one operation's answer beside its result, in XML. A fault that stands for a result fits too.
const AROUND_RESULT: usize = 480;
/// What stands for the message of a fault for which the answer has no room.
const NO_ROOM: &str = "too many long answers in one call: ask for fewer";

/// Orders and executes several operations, as the same number of calls of [`Submit`] at the same time would.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubmitAll {
    /// The operations, at most [`SubmitAll::MOST`] with at most [`SubmitAll::MOST_BYTES`] bytes together.
    pub operations: Vec<String>,
}

/// The answer for each operation, in their order: its result, or why it has none.
pub type SubmittedAll = Vec<Result<Submitted, Fault>>;

/// A call of `submit` as a process hears it.
#[derive(Clone, Debug, PartialEq)]
pub enum Submission {
    /// For one operation.
    One(Submit),
    /// For several.
    All(SubmitAll),
}

/// What a process answers to a [`Submission`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubmissionAnswer {
    /// For one operation.
    One(Submitted),
    /// For several.
    All(SubmittedAll),
}

impl SubmitAll {
    /// The most operations of one call.
    pub const MOST: usize = 512;
    /// The most bytes of one call's operations together.
    pub const MOST_BYTES: usize = 1024 * 1024;

    fn check(self) -> Result<Self, Fault> {
        let (most, bytes) = (Self::MOST, Self::MOST_BYTES);
        let count = self.operations.len();
        if count > most {
            return Err(Fault::wrong_parameters(format!(
                "submit: expected at most {most} operations, got {count}; give the others in another call"
            )));
        }
        let sum: usize = self.operations.iter().map(String::len).sum();
        if sum > bytes {
            return Err(Fault::wrong_parameters(format!(
                "submit: expected operations of at most {bytes} bytes together, got {sum}; give some in another call"
            )));
        }
        Ok(self)
    }
}

impl Method for SubmitAll {
    const NAME: &'static str = Submit::NAME;
    const HELP: &'static str = Submit::HELP;
    const SIGNATURES: &'static [&'static [&'static str]] = Submit::SIGNATURES;
    const FAULTS: &'static [i32] = Submit::FAULTS;
    type Answer = SubmittedAll;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        if params.len() > 1 {
            return Err(Fault::wrong_parameters(
                "submit: several operations have no client and no timestamp: give those of a client one by one",
            ));
        }
        let mut params = Parameters::of::<Self>(params, 1..=1, "operations")?;
        let operations = params.texts("operations")?;
        Self { operations }.check()
    }

    fn into_params(self) -> Vec<Value> {
        vec![answer::from_texts(self.operations)]
    }

    fn answer_into_value(answers: SubmittedAll) -> Value {
        let mut room = Limits::default()
            .answer
            .saturating_sub(ENVELOPE + answers.len() * AROUND_RESULT);
        let mut fits = |text: &str| {
            let rest = room.checked_sub(longest_in_xml(text));
            room = rest.unwrap_or(room);
            rest.is_some()
        };
        let answers = answers.into_iter().map(|one| match one {
            Ok(submitted) if fits(&submitted.result) => Submit::answer_into_value(submitted),
            Ok(submitted) => from_fault(&left_out(&submitted)),
            Err(fault) if fits(fault.message()) => from_fault(&fault),
            Err(fault) => from_fault(&Fault::new(fault.code(), NO_ROOM)),
        });
        Value::Array(answers.collect())
    }

    fn answer_from_value(value: Value) -> Result<SubmittedAll, String> {
        match value {
            Value::Array(answers) => answers.into_iter().map(result_or_fault).collect(),
            other => Err(answer::expected("an array", &other)),
        }
    }
}

/// The fault for an operation for whose result the answer has no room.
fn left_out(submitted: &Submitted) -> Fault {
    Fault::transport(format!(
        "executed in slot {}, done: {}; but the results of all operations together are too long for one answer: ask for fewer \
         in one call",
        submitted.sequence_number, submitted.done
    ))
}

/// The most bytes that a text can have in XML.
fn longest_in_xml(text: &str) -> usize {
    let bytes = |c: char| match c {
        '<' | '>' | '&' | '"' | '\'' => "&quot;".len(),
        c if c.is_control() => "&#13;".len(),
        c => c.len_utf8(),
    };
    text.chars().map(bytes).sum()
}

fn result_or_fault(value: Value) -> Result<Result<Submitted, Fault>, String> {
    let is_fault = matches!(&value, Value::Struct(members) if members.contains_key("faultCode"));
    if !is_fault {
        return Submit::answer_from_value(value).map(Ok);
    }
    let mut members = Members::of(value)?;
    let code = match members.value("faultCode")? {
        Value::Integer(code) => code,
        other => return Err(answer::expected("member faultCode: an int", &other)),
    };
    Ok(Err(Fault::new(code, members.text("faultString")?)))
}

impl Method for Submission {
    const NAME: &'static str = Submit::NAME;
    const HELP: &'static str = Submit::HELP;
    const SIGNATURES: &'static [&'static [&'static str]] = Submit::SIGNATURES;
    const FAULTS: &'static [i32] = Submit::FAULTS;
    type Answer = SubmissionAnswer;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        match params.first() {
            Some(Value::Array(_)) => SubmitAll::from_params(params).map(Self::All),
            _ => Submit::from_params(params).map(Self::One),
        }
    }

    fn into_params(self) -> Vec<Value> {
        match self {
            Self::One(submit) => submit.into_params(),
            Self::All(submit) => submit.into_params(),
        }
    }

    fn answer_into_value(answer: SubmissionAnswer) -> Value {
        match answer {
            SubmissionAnswer::One(submitted) => Submit::answer_into_value(submitted),
            SubmissionAnswer::All(submitted) => SubmitAll::answer_into_value(submitted),
        }
    }

    fn answer_from_value(value: Value) -> Result<SubmissionAnswer, String> {
        match value {
            Value::Array(_) => SubmitAll::answer_from_value(value).map(SubmissionAnswer::All),
            _ => Submit::answer_from_value(value).map(SubmissionAnswer::One),
        }
    }
}

#[cfg(test)]
mod tests {
    use dxr::{MethodResponse, Value};

    use super::super::answer::from_texts;
    use super::{Submission, SubmissionAnswer, SubmitAll, Submitted};
    use crate::method::{Method, Submit};
    use crate::{Fault, Limits};

    fn submitted(result: String) -> Submitted {
        Submitted {
            sequence_number: u64::MAX,
            view: u64::MAX,
            done: true,
            result,
        }
    }

    #[test]
    fn an_array_is_several_operations_and_a_string_is_one() {
        let operations = vec!["set x=1".to_owned(), "set y=2".to_owned()];
        let all = SubmitAll { operations };
        for submission in [
            Submission::All(all.clone()),
            Submission::All(SubmitAll { operations: vec![] }),
            Submission::One(Submit {
                operation: "get x".to_owned(),
                request: None,
            }),
        ] {
            let params = submission.clone().into_params();
            assert_eq!(Submission::from_params(params), Ok(submission));
        }
        assert_eq!(SubmitAll::from_params(all.clone().into_params()), Ok(all));
    }

    #[test]
    fn too_many_operations_or_bytes_and_a_client_are_refused_with_advice() {
        let texts = |count: usize, bytes: usize| from_texts(vec!["x".repeat(bytes); count]);
        let (most, bytes) = (SubmitAll::MOST, SubmitAll::MOST_BYTES);
        assert!(Submission::from_params(vec![texts(most, bytes / most)]).is_ok());
        for (params, advice) in [
            (vec![texts(most + 1, 1)], "at most 512 operations, got 513"),
            (
                vec![texts(2, bytes / 2 + 1)],
                "at most 1048576 bytes together",
            ),
            (
                vec![texts(1, 1), Value::String("anna".into()), Value::Integer(1)],
                "no client",
            ),
            (
                vec![Value::Array(vec![Value::Integer(1)])],
                "parameter 1 (operations): expected an array of strings",
            ),
        ] {
            let refused = Submission::from_params(params);
            assert!(
                refused.is_err_and(|fault| {
                    fault.code() == Fault::WRONG_PARAMETERS && fault.message().contains(advice)
                }),
                "{advice}"
            );
        }
    }

    #[test]
    fn answers_stand_in_the_order_of_the_operations_and_a_fault_takes_the_place_of_one() {
        let answers = vec![
            Ok(submitted("ok".to_owned())),
            Err(Fault::new(Fault::BAD_OPERATION, "write it otherwise")),
            Ok(submitted("1".to_owned())),
        ];
        let answer = SubmissionAnswer::All(answers);
        let value = Submission::answer_into_value(answer.clone());
        assert_eq!(Submission::answer_from_value(value), Ok(answer));
    }

    #[test]
    fn results_too_long_for_one_answer_are_left_out_and_the_answer_says_which_operations_executed()
    {
        let long = "<&>'\"".repeat(819);
        let mut answers = vec![Ok(submitted(long.clone())); SubmitAll::MOST];
        answers[500] = Err(Fault::new(Fault::BAD_OPERATION, "\u{10ffff}".repeat(200)));
        let value = SubmitAll::answer_into_value(answers);
        let xml = MethodResponse {
            value: value.clone(),
        };
        assert!(
            xml.to_xml()
                .is_ok_and(|xml| xml.len() <= Limits::default().answer)
        );
        let answers = SubmitAll::answer_from_value(value).unwrap_or_default();
        assert_eq!(answers.len(), SubmitAll::MOST);
        assert_eq!(answers[0], Ok(submitted(long)));
        assert_eq!(
            answers[500].as_ref().map_err(Fault::code),
            Err(Fault::BAD_OPERATION)
        );
        let executed = format!("executed in slot {}, done: true", u64::MAX);
        assert!(answers[511].as_ref().is_err_and(|fault| {
            fault.code() == Fault::TRANSPORT && fault.message().starts_with(&executed)
        }));
    }
}
