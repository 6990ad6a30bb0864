//! The calls of clients and the answers of nodes. Each call has one answer, which names the call.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::finding::Findings;
use super::message::{Body, Message, kind};

/// The kinds of finding about the answer to a request that only a liar knows.
const MADE_UP: [&str; 2] = [WRONG_ID, TWO_REPLIES];
const WRONG_ID: &str = "wrong in_reply_to";
const TWO_REPLIES: &str = "two replies to one request";

/// The key of a call: its client, its node and its message id.
type Key = (String, String, u64);

/// The answer of a node to a call.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    /// The expected answer.
    Ok(Body),
    /// An error of Maelstrom's protocol.
    Error {
        /// Its code.
        code: u64,
        /// Its text.
        text: String,
    },
}

/// An answer, with its call.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Answered {
    /// The node that answers.
    pub(super) node: String,
    /// The message id of the call.
    pub(super) id: u64,
    /// The answer.
    pub(super) answer: Answer,
}

/// Sends the calls of clients, and keeps the open calls.
#[derive(Debug, Default)]
pub(super) struct Calls {
    last_id: u64,
    clients: BTreeSet<String>,
    /// The type of each call that is not answered yet.
    open: BTreeMap<Key, String>,
    answered: BTreeSet<Key>,
    outgoing: Vec<Message>,
    /// Whether a liar may have told nodes about requests that no client sent. Then nodes are not blamed for answering them.
    lied_to: bool,
    /// The findings so far.
    pub(super) findings: Findings,
}

impl Calls {
    /// No calls yet.
    pub(super) fn new(lied_to: bool) -> Self {
        Self {
            lied_to,
            ..Self::default()
        }
    }

    /// A fresh message id.
    pub(super) const fn id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// A client calls a node, under a new message id or under one that it used for another node.
    pub(super) fn call(&mut self, client: &str, node: &str, id: u64, mut body: Body) {
        let key = (client.to_owned(), node.to_owned(), id);
        self.clients.insert(client.to_owned());
        self.open.insert(key, kind(&body).to_owned());
        body.insert("msg_id".to_owned(), Value::from(id));
        self.outgoing.push(Message {
            src: client.to_owned(),
            dest: node.to_owned(),
            body,
        });
    }

    /// The messages to be sent.
    pub(super) fn take_outgoing(&mut self) -> Vec<Message> {
        std::mem::take(&mut self.outgoing)
    }

    /// Whether a client of this name has called.
    pub(super) fn has_client(&self, name: &str) -> bool {
        self.clients.contains(name)
    }

    /// Reads a node's message to a client. Returns the answer if the message is one. Whatever is wrong becomes a finding.
    pub(super) fn answered(&mut self, message: &Message) -> Option<Answered> {
        match self.check(message) {
            Ok(answered) => Some(answered),
            Err((kind, text)) => {
                let text = format!("{text}; the message is {message}");
                if self.lied_to && MADE_UP.contains(&kind) {
                    self.findings.note(kind, format!("{}: {text}", message.src));
                } else {
                    self.findings.blame(&message.src, kind, text);
                }
                None
            }
        }
    }

    fn check(&mut self, message: &Message) -> Result<Answered, (&'static str, String)> {
        let Message { src, dest, body } = message;
        let Some(given) = message.in_reply_to() else {
            let text = format!(
                "an answer names the msg_id of the request that it answers as in_reply_to; {}",
                self.expected(src, dest)
            );
            return Err(("no in_reply_to", text));
        };
        let wrong = |text: String| Err((WRONG_ID, text));
        let Some(id) = given.as_u64() else {
            return wrong(format!("in_reply_to must be a number, not {given}"));
        };
        let key = (dest.clone(), src.clone(), id);
        let Some(asked) = self.open.get(&key) else {
            if self.answered.contains(&key) {
                let text = format!("{dest}'s request with msg_id {id} was answered before");
                return Err((TWO_REPLIES, text));
            }
            return wrong(format!(
                "{dest} has sent {src} no request with msg_id {id}; {}",
                self.expected(src, dest)
            ));
        };
        let (got, expected) = (message.kind(), format!("{asked}_ok"));
        let answer = if got == "error" {
            let code = body.get("code").and_then(Value::as_u64);
            let Some(code) = code else {
                let text = "an error has a code, which is a number, and a text";
                return Err(("wrong field", text.to_owned()));
            };
            let text = body.get("text").and_then(Value::as_str).unwrap_or_default();
            Answer::Error {
                code,
                text: text.to_owned(),
            }
        } else if got == expected {
            Answer::Ok(body.clone())
        } else {
            let text = format!("{asked} is answered with {expected} or error, not with {got}");
            return Err(("wrong type", text));
        };
        self.open.remove(&key);
        self.answered.insert(key);
        Ok(Answered {
            node: src.clone(),
            id,
            answer,
        })
    }

    /// The open calls of a client to a node, in words.
    fn expected(&self, node: &str, client: &str) -> String {
        let open = self
            .open
            .iter()
            .filter(|((to, from, _), _)| to == client && from == node);
        let open: Vec<String> = open
            .map(|((_, _, id), kind)| format!("{kind} with msg_id {id}"))
            .take(5)
            .collect();
        if open.is_empty() {
            format!("{client} waits for no answer of {node}")
        } else {
            format!("{client} waits for the answer to {}", open.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, Calls};
    use crate::message::Message;

    fn say(calls: &mut Calls, body: &str) -> Option<Answer> {
        let line = format!(r#"{{"src":"n1","dest":"c1","body":{body}}}"#);
        let message = Message::parse(&line).expect("it is a message");
        calls.answered(&message).map(|one| one.answer)
    }

    fn asked() -> Calls {
        let mut calls = Calls::default();
        let id = calls.id();
        let echo = serde_json::from_str(r#"{"type":"echo"}"#).expect("it is JSON");
        calls.call("c1", "n1", id, echo);
        assert_eq!(calls.take_outgoing().len(), 1);
        calls
    }

    #[test]
    fn an_answer_is_matched_with_its_call_once() {
        let mut calls = asked();
        assert!(say(&mut calls, r#"{"type":"echo_ok","in_reply_to":1}"#).is_some());
        assert!(calls.findings.is_empty());
        assert!(say(&mut calls, r#"{"type":"echo_ok","in_reply_to":1}"#).is_none());
        let found = calls.findings.into_all();
        assert_eq!(found[0].kind, "two replies to one request");
    }

    #[test]
    fn an_error_is_an_answer_too() {
        let body = r#"{"type":"error","in_reply_to":1,"code":11,"text":"later"}"#;
        let text = "later".to_owned();
        assert_eq!(
            say(&mut asked(), body),
            Some(Answer::Error { code: 11, text })
        );
    }

    #[test]
    fn who_was_lied_to_may_answer_what_nobody_asked() {
        let mut calls = asked();
        calls.lied_to = true;
        assert!(say(&mut calls, r#"{"type":"echo_ok","in_reply_to":5}"#).is_none());
        assert!(calls.findings.is_empty());
        assert_eq!(calls.findings.notes().len(), 1);
    }

    #[test]
    fn wrong_answers_are_told_with_what_was_expected() {
        let wrong = [
            (
                r#"{"type":"echo_ok"}"#,
                "no in_reply_to",
                "waits for the answer to echo with msg_id 1",
            ),
            (
                r#"{"type":"echo_ok","in_reply_to":2}"#,
                "wrong in_reply_to",
                "sent n1 no request with msg_id 2",
            ),
            (
                r#"{"type":"echo_ok","in_reply_to":"1"}"#,
                "wrong in_reply_to",
                "must be a number",
            ),
            (
                r#"{"type":"echo","in_reply_to":1}"#,
                "wrong type",
                "answered with echo_ok or error",
            ),
            (
                r#"{"type":"error","in_reply_to":1}"#,
                "wrong field",
                "has a code",
            ),
        ];
        for (body, kind, words) in wrong {
            let mut calls = asked();
            assert_eq!(say(&mut calls, body), None);
            let found = calls.findings.into_all();
            assert_eq!(
                (found[0].kind, found[0].node.as_deref()),
                (kind, Some("n1"))
            );
            assert!(found[0].text.contains(words), "{}", found[0]);
        }
    }
}
