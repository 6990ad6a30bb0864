//! Echo: a node sends back the text that it receives. The first thing to try with a new node.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::asking::{Asking, servers};
use super::codes::{Meaning, meaning, unexpected, words};
use super::{Cluster, Options, Progress, Workload, object};
use crate::calls::{Answer, Answered, Calls};
use quorate_fault::Dice;

/// The workload.
#[derive(Debug)]
pub(super) struct Echo {
    servers: Vec<String>,
    asking: Asking,
    dice: Dice,
    /// The texts that were sent, by message id.
    said: BTreeMap<u64, serde_json::Value>,
}

impl Echo {
    pub(super) fn new(cluster: &Cluster, options: Options) -> Self {
        Self {
            servers: servers(cluster),
            asking: Asking::new(options),
            dice: Dice::new(options.seed, b'e'),
            said: BTreeMap::new(),
        }
    }
}

impl Workload for Echo {
    fn wake(&mut self, now: Duration, calls: &mut Calls) {
        while let Some((client, number)) = self.asking.idle(now) {
            let turn = number % self.servers.len() as u64;
            let node = &self.servers[usize::try_from(turn).unwrap_or_default()];
            let said = json!(format!("please echo {}", self.dice.below(1000)));
            let body = object(json!({"type": "echo", "echo": said}));
            let id = self.asking.ask(client, node, body, now, calls);
            self.said.insert(id, said);
        }
    }

    fn next(&self) -> Option<Duration> {
        self.asking.next()
    }

    fn answered(&mut self, now: Duration, answered: Answered, calls: &mut Calls) {
        let Answered { node, id, answer } = answered;
        let Some(said) = self.said.remove(&id) else {
            return;
        };
        if let Answer::Error { code, .. } = answer
            && matches!(meaning(code), Meaning::NotNow | Meaning::Open)
        {
            // An echo may be sent twice.
            return self.asking.refused(now, &node, id, &words(&answer));
        }
        self.asking.answered(&node, id);
        let findings = &mut calls.findings;
        match answer {
            Answer::Ok(body) if body.get("echo") == Some(&said) => {}
            Answer::Ok(body) => {
                let got = body
                    .get("echo")
                    .map_or_else(|| "nothing".to_owned(), ToString::to_string);
                findings.blame(
                    &node,
                    "wrong echo",
                    format!("echo_ok to {said} has echo {got}"),
                );
            }
            Answer::Error { code, text } => {
                let (kind, text) = unexpected("echo", code, &text);
                findings.blame(&node, kind, text);
            }
        }
    }

    fn is_over(&self, now: Duration) -> bool {
        self.asking.is_over(now)
    }

    fn progress(&self) -> Progress {
        self.asking.progress()
    }
}
