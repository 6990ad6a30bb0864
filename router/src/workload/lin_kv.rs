//! A linearizable key-value store: clients read, write and compare-and-set few keys at once.

use std::collections::BTreeMap;
use std::time::Duration;

use quorate_service::kv;
use serde_json::json;

use super::asking::{Asking, servers};
use super::codes::{CAS_FAILED, Meaning, NO_SUCH_KEY, meaning, unexpected, words};
use super::{Cluster, Judges, Options, Progress, Workload, object};
use crate::calls::{Answer, Answered, Calls};
use crate::fields::number;
use crate::finding::NOT_LINEARIZABLE;
use crate::message::Body;
use quorate_fault::Dice;
use quorate_service::kv::linearizable::{Histories, NotLinearizable};

/// How many requests share their keys. The check of a key takes all its calls, so there must not be too many.
const ROUND: u64 = 60;
/// How many keys they share.
const KEYS: u64 = 3;
/// Values are below this, so that some `cas` succeed.
const VALUES: u64 = 5;

/// An operation in progress.
#[derive(Clone, Copy, Debug)]
struct Call {
    /// Its index among all calls.
    place: usize,
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
    /// The number of calls so far.
    called: usize,
    succeeded: u64,
}

impl LinKv {
    pub(super) fn new(cluster: &Cluster, options: Options) -> Self {
        Self {
            servers: servers(cluster),
            asking: Asking::new(options),
            dice: Dice::new(options.seed, b'k'),
            calls: BTreeMap::new(),
            histories: Histories::default(),
            called: 0,
            succeeded: 0,
        }
    }

    /// The next operation: its verb, its body, and its words in the check.
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

    /// Tells the check the result of a call, and the clients whether their request is done. Returns what is wrong with the
    /// answer by itself.
    fn judge(
        &mut self,
        now: Duration,
        call: Call,
        answered: &Answered,
    ) -> Result<Result<(), NotLinearizable>, (&'static str, String)> {
        let Call { place, verb } = call;
        let Answered { node, id, answer } = answered;
        let told = match answer {
            Answer::Error { code, .. } if meaning(*code) == Meaning::NotNow => {
                self.asking.refused(now, node, *id, &words(answer));
                return Ok(self.histories.never_happened(place));
            }
            Answer::Error { code, .. } if meaning(*code) == Meaning::Open => {
                self.asking.left_open(now, node, *id);
                return Ok(Ok(()));
            }
            Answer::Error { code, text } => match (verb, *code) {
                ("read" | "cas", NO_SUCH_KEY) => Some(kv::Answer::NoSuchKey),
                ("cas", CAS_FAILED) => None,
                _ => {
                    self.asking.answered(node, *id);
                    return Err(unexpected(verb, *code, text));
                }
            },
            Answer::Ok(body) if verb == "read" => match number(body, "value") {
                Ok(value) => Some(kv::Answer::Value(value.to_string())),
                Err(text) => {
                    self.asking.answered(node, *id);
                    return Err(("wrong field", text));
                }
            },
            Answer::Ok(_) => Some(kv::Answer::Ok),
        };
        self.asking.answered(node, *id);
        self.succeeded += 1;
        Ok(match told {
            Some(told) => self.histories.returned(place, told),
            None => self.histories.cas_failed(place),
        })
    }
}

impl Workload for LinKv {
    fn wake(&mut self, now: Duration, calls: &mut Calls) {
        while let Some((client, number)) = self.asking.idle(now) {
            let (verb, body, words) = self.operation(number);
            let node = self.dice.pick(&self.servers).cloned().unwrap_or_default();
            let id = self.asking.ask(client, &node, body, now, calls);
            // A request that is sent again is another operation, so each call has an index of its own.
            let place = self.called;
            self.called += 1;
            self.histories.called(place, &words);
            self.calls.insert(id, Call { place, verb });
        }
    }

    fn next(&self) -> Option<Duration> {
        self.asking.next()
    }

    fn answered(&mut self, now: Duration, answered: Answered, calls: &mut Calls) {
        let Some(call) = self.calls.remove(&answered.id) else {
            return;
        };
        let (node, last) = (&answered.node, words(&answered.answer));
        match self.judge(now, call, &answered) {
            Ok(Ok(())) => {}
            Ok(Err(wrong)) => calls.findings.blame_all(
                NOT_LINEARIZABLE,
                format!(
                    "{wrong} (each with the moments of its call and its return); it shows with what {node} answers: {last}"
                ),
            ),
            Err((kind, text)) => calls.findings.blame(node, kind, text),
        }
        let progress = self.asking.progress();
        if progress.done == progress.requests && self.succeeded == 0 {
            let text = format!(
                "all {} operations were answered with errors; the last is {last}",
                progress.requests
            );
            calls.findings.blame_all("nothing succeeded", text);
        }
    }

    fn is_over(&self, now: Duration) -> bool {
        self.asking.is_over(now)
    }

    fn judges(&self) -> Judges {
        Judges {
            agreement: true,
            validity: false,
        }
    }

    fn progress(&self) -> Progress {
        self.asking.progress()
    }
}
