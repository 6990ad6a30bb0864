//! The start of every run: each node learns its name and the names of all nodes, and answers that it is ready.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use super::{Cluster, Progress, Workload, object};
use crate::calls::{Answer, Answered, Calls};

/// The client that initialises the nodes.
const CLIENT: &str = "c0";

/// The workload.
#[derive(Debug)]
pub(super) struct Init {
    cluster: Cluster,
    timeout: Duration,
    sent: bool,
    open: BTreeSet<String>,
    told: bool,
}

impl Init {
    pub(super) fn new(cluster: Cluster, timeout: Duration) -> Self {
        Self {
            open: cluster.names.iter().cloned().collect(),
            cluster,
            timeout,
            sent: false,
            told: false,
        }
    }
}

impl Workload for Init {
    fn wake(&mut self, now: Duration, calls: &mut Calls) {
        if !self.sent {
            self.sent = true;
            let id = calls.id();
            for node in &self.cluster.names {
                let names = &self.cluster.names;
                let body = json!({"type": "init", "node_id": node, "node_ids": names});
                calls.call(CLIENT, node, id, object(body));
            }
        }
        if now >= self.timeout && !self.told {
            self.told = true;
            for node in &self.open {
                let text = format!(
                    "init is not answered within {} s: answer with init_ok, whose in_reply_to is init's msg_id, and flush standard output after every line",
                    self.timeout.as_secs()
                );
                calls.findings.blame(node, "no init_ok", text);
            }
        }
    }

    fn next(&self) -> Option<Duration> {
        Some(self.timeout)
    }

    fn answered(&mut self, _: Duration, answered: Answered, calls: &mut Calls) {
        let Answered { node, answer, .. } = answered;
        if let Answer::Error { code, text } = answer {
            let text = format!("init is answered with error {code}: {text}");
            calls.findings.blame(&node, "no init_ok", text);
        }
        self.open.remove(&node);
    }

    fn is_over(&self, _: Duration) -> bool {
        self.open.is_empty() || self.told
    }

    fn progress(&self) -> Progress {
        let requests = self.cluster.names.len() as u64;
        Progress {
            requests,
            done: requests - self.open.len() as u64,
            missing: self.open.iter().cloned().collect(),
        }
    }
}
