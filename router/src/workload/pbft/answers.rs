//! Handles the nodes' answers to the requests.

use std::time::Duration;

use serde_json::Value;

use super::super::codes::{Meaning, meaning};
use super::request::Poll;
use super::slots::Slot;
use super::status::{Rules, Status};
use super::{POLL, Pbft};
use crate::calls::{Answer, Answered, Calls};
use crate::fields::{number, text};
use crate::finding::NOT_ASKED_FOR;
use crate::message::Body;

impl Pbft {
    /// A node says where a request is.
    pub(super) fn on_order(
        &mut self,
        now: Duration,
        index: usize,
        told: Answered,
        calls: &mut Calls,
    ) {
        let Answered { node, answer, .. } = told;
        let retry = self.retry();
        let body = match answer {
            Answer::Ok(body) => body,
            Answer::Error { code, text } => {
                let request = &mut self.requests[index];
                request
                    .errors
                    .insert(node.clone(), format!("error {code}: {text}"));
                // The id names the request, so the request may be sent twice whatever its outcome.
                if matches!(meaning(code), Meaning::NotNow | Meaning::Open) {
                    request.again.insert(node, now + retry);
                }
                return;
            }
        };
        self.requests[index].answered.insert(node.clone());
        let slot = match read_slot(&body) {
            Ok(slot) => slot,
            Err(text) => return calls.findings.blame(&node, "wrong field", text),
        };
        if self.cluster.liars.contains(&node) {
            return;
        }
        self.requests[index].ordered.insert(node.clone());
        let committed = body.get("phase").and_then(Value::as_str) == Some("committed");
        if self.must_agree() && (committed || !self.led_by_liar(slot.view)) {
            let words = self.requests[index].words();
            self.slots.told(&node, &words, slot, &mut calls.findings);
        }
        self.view = self.view.max(slot.view);
        // Who answers late may tell of a slot that the request got once more; what has a result stays where it is.
        let request = &mut self.requests[index];
        if request.executed_at() < self.cluster.quorum.one_correct() {
            request.place(slot, committed);
        }
    }

    /// A node says how far a slot is.
    pub(super) fn on_status(
        &mut self,
        now: Duration,
        (index, sequence, before): (usize, u64, Option<u64>),
        told: Answered,
        calls: &mut Calls,
    ) {
        let Answered { node, answer, .. } = told;
        let operation = self.operation_to_judge(&answer);
        let unasked = !self
            .requests
            .iter()
            .any(|one| Some(&one.operation) == operation.as_ref());
        let request = &mut self.requests[index];
        let current = request.slot.is_some_and(|slot| slot.sequence == sequence);
        let mut ignored = Poll::default();
        let poll = match request.polls.get_mut(&node) {
            Some(poll) if current => poll,
            _ => &mut ignored,
        };
        poll.under_way = false;
        poll.due = now + POLL;
        let body = match answer {
            Answer::Ok(body) => body,
            // A node need not know a slot about which it has received no message yet.
            Answer::Error { code, text } => {
                poll.error = Some(format!("error {code}: {text}"));
                return;
            }
        };
        let findings = &mut calls.findings;
        let status = match Status::read(&body) {
            Ok(status) => status,
            Err(text) => return findings.blame(&node, "wrong field", text),
        };
        let rules = Rules {
            quorum: self.cluster.quorum,
            silent: self.cluster.silent.len() as u64,
            state_transfer: self.options.state_transfer,
        };
        status.check(&node, sequence, rules, findings);
        if status.executed {
            // Beyond the bound this may be broken, and is still reported.
            self.contents.compare(&node, sequence, &body, findings);
            self.tells_operations |= operation.is_some();
            if let Some(operation) = operation.filter(|_| unasked) {
                let text = format!(
                    "slot {sequence} is executed with operation '{operation}', which no client has asked for"
                );
                findings.blame(&node, NOT_ASKED_FOR, text);
            }
            let last = self.executed.entry(node.clone()).or_default();
            *last = sequence.max(*last);
        } else if let Some(later) = before.filter(|later| *later > sequence) {
            findings.blame(
                &node,
                "executed out of order",
                format!(
                    "slot {later} was executed and slot {sequence} is not yet: execute slots one after another ({status})"
                ),
            );
        }
        poll.error = None;
        poll.status = Some(status);
    }
}

impl Pbft {
    /// The operation that a node says it has executed, if it can be looked up among the requests. A liar may forward an
    /// altered request, which nodes cannot tell from a client's without signatures, and a batch has several operations.
    fn operation_to_judge(&self, answer: &Answer) -> Option<String> {
        let Answer::Ok(body) = answer else {
            return None;
        };
        let operation = body.get("operation").and_then(Value::as_str)?;
        let judged = self.cluster.liars.is_empty() && !self.options.batches;
        judged.then(|| operation.to_owned())
    }
}

fn read_slot(body: &Body) -> Result<Slot, String> {
    text(body, "phase")?;
    Ok(Slot {
        view: number(body, "view")?,
        sequence: number(body, "sequence_number")?,
    })
}
