//! A linearizable key-value store: clients read, write and compare-and-set few keys at once.

use std::collections::BTreeMap;
use std::time::Duration;

use quorate_service::kv;
use serde_json::{Value, json};

use super::asking::{Asking, servers};
use super::{Cluster, Options, Progress, Workload, object};
use crate::invariant::linearizable::{Histories, NotLinearizable};
use crate::router::calls::{Answer, Answered, Calls};
use crate::router::fields::number;
use crate::router::message::Body;
use quorate_fault::Dice;

/// How many requests share their keys. The check of a key takes all its calls, so there must not be too many.
const ROUND: u64 = 60;
/// How many keys they share.
const KEYS: u64 = 3;
/// Values are below this, so that some `cas` succeed.
const VALUES: u64 = 5;

/// Maelstrom's errors.
const NO_SUCH_KEY: u64 = 20;
const CAS_FAILED: u64 = 22;
/// Errors that any store may have now and then: timeout, temporarily unavailable, crash, abort, conflict. Of some of them
/// one does not know whether the operation had an effect; the check takes all of them so.
const PASSING: [u64; 5] = [0, 11, 13, 14, 30];

/// An operation that is under way.
#[derive(Clone, Copy, Debug)]
struct Call {
    number: u64,
    verb: &'static str,
}

/// The workload.
#[derive(Debug)]
pub(super) struct LinKv {
    servers: Vec<String>,
    asking: Asking,
    dice: Dice,
    calls: BTreeMap<u64, Call>,
    histories: Histories,
    requests: u64,
    succeeded: u64,
    answered: u64,
}

impl LinKv {
    pub(super) fn new(cluster: &Cluster, options: Options) -> Self {
        Self {
            servers: servers(cluster),
            asking: Asking::new(options),
            dice: Dice::new(options.seed, b'k'),
            calls: BTreeMap::new(),
            histories: Histories::default(),
            requests: options.requests,
            succeeded: 0,
            answered: 0,
        }
    }

    /// The next operation: its verb, its body and the words that the check has for it.
    fn operation(&mut self, number: u64) -> (&'static str, Body, String) {
        let key = number / ROUND * KEYS + self.dice.below(KEYS);
        let (one, other) = (self.dice.below(VALUES), self.dice.below(VALUES));
        match self.dice.below(3) {
            0 => (
                "read",
                object(json!({"type": "read", "key": key})),
                format!("read {key}"),
            ),
            1 => (
                "write",
                object(json!({"type": "write", "key": key, "value": one})),
                format!("set {key}={one}"),
            ),
            _ => (
                "cas",
                object(json!({"type": "cas", "key": key, "from": one, "to": other})),
                format!("cas {key} {one} {other}"),
            ),
        }
    }

    /// Tells the check what a call gave; what is wrong with the answer by itself.
    fn judge(
        &mut self,
        call: Call,
        answer: Answer,
    ) -> Result<Result<(), NotLinearizable>, (&'static str, String)> {
        let Call { number: call, verb } = call;
        let index = usize::try_from(call).unwrap_or(usize::MAX);
        let told = match (verb, answer) {
            ("read", Answer::Ok(body)) => {
                let value = number(&body, "value").map_err(|text| ("wrong field", text))?;
                kv::Answer::Value(value.to_string())
            }
            (_, Answer::Ok(_)) => kv::Answer::Ok,
            ("read" | "cas", Answer::Error { code, .. }) if code == NO_SUCH_KEY => {
                kv::Answer::NoSuchKey
            }
            ("cas", Answer::Error { code, .. }) if code == CAS_FAILED => {
                self.succeeded += 1;
                return Ok(self.histories.cas_failed(index));
            }
            (_, Answer::Error { code, .. }) if PASSING.contains(&code) => return Ok(Ok(())),
            (_, Answer::Error { code, text }) => {
                let text = format!("{verb} is answered with error {code}: {text}");
                return Err(("refused", text));
            }
        };
        self.succeeded += 1;
        Ok(self.histories.returned(index, told))
    }
}

impl Workload for LinKv {
    fn wake(&mut self, now: Duration, calls: &mut Calls) {
        while let Some((client, number)) = self.asking.idle() {
            let (verb, body, words) = self.operation(number);
            let node = self.dice.pick(&self.servers).cloned().unwrap_or_default();
            let id = self.asking.ask(client, &node, body, now, calls);
            let index = usize::try_from(number).unwrap_or(usize::MAX);
            self.histories.called(index, &words);
            self.calls.insert(id, Call { number, verb });
        }
    }

    fn next(&self) -> Option<Duration> {
        self.asking.next()
    }

    fn answered(&mut self, _: Duration, answered: Answered, calls: &mut Calls) {
        let Answered { node, id, answer } = answered;
        self.asking.answered(&node, id);
        self.answered += 1;
        let Some(call) = self.calls.remove(&id) else {
            return;
        };
        let last = match &answer {
            Answer::Error { code, text } => format!("error {code}: {text}"),
            Answer::Ok(body) => Value::from(body.clone()).to_string(),
        };
        match self.judge(call, answer) {
            Ok(Ok(())) => {}
            Ok(Err(wrong)) => calls.findings.blame_all(
                "not linearizable",
                format!(
                    "{wrong} (each with the moments of its call and its return); it shows with what {node} answers: {last}"
                ),
            ),
            Err((kind, text)) => calls.findings.blame(&node, kind, text),
        }
        if self.answered == self.requests && self.succeeded == 0 {
            let text = format!(
                "all {} operations were answered with errors; the last is {last}",
                self.requests
            );
            calls.findings.blame_all("nothing succeeded", text);
        }
    }

    fn is_over(&self, now: Duration) -> bool {
        self.asking.is_over(now)
    }

    fn progress(&self) -> Progress {
        self.asking.progress()
    }
}
