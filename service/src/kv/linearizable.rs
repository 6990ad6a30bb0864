//! Whether a store is linearizable: its clients get the answers that a single store would give to one call after another
//! (Wing & Gong, "Testing and Verifying Concurrent Objects", JPDC '93). Keys are independent, so each key is checked alone.
//!
//! The simulator judges its runs with it, and the router the programs that it runs.

use std::collections::{BTreeMap, BTreeSet};

use super::{Answer, Command};

/// No order of the calls explains a key's history.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no order explains what happened to key {key}: {}", .history.join("; "))]
pub struct NotLinearizable {
    /// The key.
    pub key: String,
    /// Its calls in order, each with the moments at which it began and ended and what it gave.
    pub history: Vec<String>,
}

/// The result of a call, as far as its client was told.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Told {
    Answer(Answer),
    /// `cas` found a value that it did not expect. The value that it found is not known.
    CasFailed,
    /// The call has no effect, and never will.
    NeverHappened,
}

#[derive(Clone, Debug)]
struct Call {
    operation: String,
    began: u64,
    /// The time of its return, and its result.
    ended: Option<(u64, Told)>,
}

/// The calls so far.
#[derive(Debug, Default)]
pub struct Histories {
    calls: BTreeMap<usize, Call>,
    moment: u64,
}

impl Histories {
    /// A client calls.
    pub fn called(&mut self, call: usize, operation: &str) {
        self.moment += 1;
        // A read is a get that is not ordered. It means the same.
        let operation = operation
            .strip_prefix("read ")
            .map_or_else(|| operation.to_owned(), |key| format!("get {key}"));
        let began = self.moment;
        self.calls.insert(
            call,
            Call {
                operation,
                began,
                ended: None,
            },
        );
    }

    /// A call returns.
    ///
    /// # Errors
    /// With this return, no order explains the history of the key.
    pub fn returned(&mut self, call: usize, answer: Answer) -> Result<(), NotLinearizable> {
        self.ended(call, Told::Answer(answer))
    }

    /// A `cas` returns without effect, and does not say which value the key has.
    ///
    /// # Errors
    /// With this return, no order explains the history of the key.
    pub fn cas_failed(&mut self, call: usize) -> Result<(), NotLinearizable> {
        self.ended(call, Told::CasFailed)
    }

    /// A call returns with an error that promises that the call has no effect, and never will.
    ///
    /// # Errors
    /// Without this call, no order explains the history of the key.
    pub fn never_happened(&mut self, call: usize) -> Result<(), NotLinearizable> {
        self.ended(call, Told::NeverHappened)
    }

    fn ended(&mut self, call: usize, told: Told) -> Result<(), NotLinearizable> {
        self.moment += 1;
        let moment = self.moment;
        let Some(returned) = self.calls.get_mut(&call) else {
            return Ok(());
        };
        returned.ended = Some((moment, told));
        let key = key_of(&returned.operation).to_owned();
        let calls = self.calls.values();
        let its: Vec<&Call> = calls.filter(|one| key_of(&one.operation) == key).collect();
        let may_happen: Vec<&Call> = its.iter().copied().filter(|one| may_happen(one)).collect();
        if Search::new(&may_happen).explains(0, None) {
            return Ok(());
        }
        let history = its.into_iter().map(words).collect();
        Err(NotLinearizable { key, history })
    }
}

fn key_of(operation: &str) -> &str {
    match Command::parse(operation) {
        Ok(
            Command::Set { key, .. }
            | Command::Get { key }
            | Command::Delete { key }
            | Command::Cas { key, .. },
        ) => key,
        Err(_) => "",
    }
}

/// Whether a call has an effect, or may have one yet.
const fn may_happen(call: &Call) -> bool {
    !matches!(call.ended, Some((_, Told::NeverHappened)))
}

fn words(call: &Call) -> String {
    let Call {
        operation, began, ..
    } = call;
    match &call.ended {
        Some((ended, Told::Answer(answer))) => {
            format!("{began}-{ended} {operation}: {answer}")
        }
        Some((ended, Told::CasFailed)) => format!("{began}-{ended} {operation}: cas failed"),
        Some((ended, Told::NeverHappened)) => {
            format!("{began}-{ended} {operation}: refused, so it must not happen")
        }
        None => format!("{began}- {operation}"),
    }
}

/// The effect of an operation on a key's value. Written after the store's documentation, not after its code.
fn model(operation: &str, value: Option<&str>) -> (Answer, Option<String>) {
    let kept = || value.map(str::to_owned);
    match (Command::parse(operation), value) {
        (Ok(Command::Set { value, .. }), _) => (Answer::Ok, Some(value.to_owned())),
        (Ok(Command::Get { .. }), Some(value)) => (Answer::Value(value.to_owned()), kept()),
        (Ok(Command::Delete { .. }), Some(_)) => (Answer::Ok, None),
        (Ok(Command::Cas { old, new, .. }), Some(value)) if value == old => {
            (Answer::Ok, Some(new.to_owned()))
        }
        (Ok(Command::Cas { key, .. }), Some(value)) => {
            let (key, value) = (key.to_owned(), value.to_owned());
            (Answer::CasFailed { key, value }, kept())
        }
        (Ok(_), None) => (Answer::NoSuchKey, None),
        (Err(refusal), _) => (Answer::Refused(refusal), kept()),
    }
}

/// A search for an order of the calls. Sets of calls are bits.
struct Search<'a> {
    calls: &'a [&'a Call],
    /// The states that were reached before and lead to no order.
    barren: BTreeSet<(u128, Option<String>)>,
}

impl<'a> Search<'a> {
    const fn new(calls: &'a [&'a Call]) -> Self {
        Self {
            calls,
            barren: BTreeSet::new(),
        }
    }

    /// Whether the calls that are not `done` can follow on this value. A call that never returned may have no effect.
    fn explains(&mut self, done: u128, value: Option<&str>) -> bool {
        let open = |index: &usize| done & (1 << index) == 0;
        let ends = self.calls.iter().enumerate();
        let ends = ends.filter(|(index, _)| open(index));
        let Some(first_end) = ends
            .filter_map(|(_, call)| call.ended.as_ref().map(|(ended, _)| *ended))
            .min()
        else {
            return true;
        };
        if !self.barren.insert((done, value.map(str::to_owned))) {
            return false;
        }
        let calls = self.calls;
        (0..calls.len()).filter(open).any(|index| {
            let Some(call) = calls.get(index).filter(|call| call.began < first_end) else {
                return false;
            };
            let (answer, after) = model(&call.operation, value);
            let fits = call.ended.as_ref().is_none_or(|(_, told)| match told {
                Told::Answer(told) => *told == answer,
                Told::CasFailed => matches!(answer, Answer::CasFailed { .. }),
                Told::NeverHappened => false,
            });
            fits && self.explains(done | 1 << index, after.as_deref())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Histories;
    use crate::kv::Answer;

    fn value(text: &str) -> Answer {
        Answer::Value(text.to_owned())
    }

    #[test]
    fn a_read_that_goes_back_in_time_is_found() {
        let mut histories = Histories::default();
        histories.called(0, "set x=1");
        assert_eq!(histories.returned(0, Answer::Ok), Ok(()));
        histories.called(1, "set x=2");
        histories.called(2, "read x");
        assert_eq!(histories.returned(2, value("2")), Ok(()));
        histories.called(3, "read x");
        let error = histories.returned(3, value("1")).unwrap_err();
        assert_eq!(error.key, "x");
    }

    #[test]
    fn calls_at_one_time_fit_any_order_and_a_lost_one_may_come_late() {
        let mut histories = Histories::default();
        histories.called(0, "set x=1");
        histories.called(1, "cas x 1 2");
        histories.called(2, "get x");
        assert_eq!(histories.returned(2, Answer::NoSuchKey), Ok(()));
        histories.called(3, "get y");
        assert_eq!(histories.returned(3, Answer::NoSuchKey), Ok(()));
        assert_eq!(histories.returned(1, Answer::Ok), Ok(()));
        histories.called(4, "delete x");
        assert_eq!(histories.returned(4, Answer::Ok), Ok(()));
        histories.called(5, "get x");
        assert!(histories.returned(5, value("3")).is_err());
    }

    #[test]
    fn what_was_refused_must_not_be_read_before_or_after() {
        let mut before = Histories::default();
        before.called(0, "set x=1");
        before.called(1, "get x");
        assert_eq!(before.returned(1, value("1")), Ok(()));
        assert!(before.never_happened(0).is_err());
        let mut after = Histories::default();
        after.called(0, "set x=1");
        assert_eq!(after.never_happened(0), Ok(()));
        after.called(1, "get x");
        let error = after.returned(1, value("1")).unwrap_err();
        assert!(error.history[0].contains("must not happen"), "{error}");
    }

    #[test]
    fn a_cas_that_failed_must_have_met_another_value() {
        let mut histories = Histories::default();
        for (call, operation) in ["set x=1", "cas x 2 3", "cas x 1 3"]
            .into_iter()
            .enumerate()
        {
            histories.called(call, operation);
            let fits = match call {
                0 => histories.returned(call, Answer::Ok),
                _ => histories.cas_failed(call),
            };
            assert_eq!(fits.is_ok(), call < 2, "{fits:?}");
        }
    }
}
