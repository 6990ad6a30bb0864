//! What was sent, kept for the diagram: results always, and of all else the first so many.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::message::Message;
use super::network::Loss;

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flight {
    /// Who sent it.
    pub from: String,
    /// To whom.
    pub to: String,
    /// Its type, and what of it tells it from others.
    pub label: String,
    /// When it was sent, counted from when all nodes were initialised.
    pub sent: Duration,
    /// When it arrives, or why it does not.
    pub arrives: Result<Duration, Loss>,
    /// Whether a liar's message was tampered with.
    pub altered: bool,
}

/// Which messages are kept.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// How many, results aside.
    pub most: usize,
    /// From when on, counted from when all nodes are initialised.
    pub from: Duration,
    /// Only messages of these types; empty for all but set-up, background status and polls that found nothing executed.
    pub only: BTreeSet<String>,
}

/// Between whom a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// From node to node.
    Nodes,
    /// From or to a client.
    Client,
}

/// How many results are kept. No picture of so many can be read, and memory must end somewhere.
const MOST_RESULTS: usize = 10_000;

/// The messages that are shown, and where others were left out.
#[derive(Clone, Debug, Default)]
pub struct Flights {
    /// The messages, in the order in which they were sent.
    pub all: Vec<Flight>,
    /// When messages were left out, and how many in a row.
    pub gaps: Vec<(Duration, usize)>,
    shown: Shown,
    results: usize,
    in_gap: bool,
}

impl Flights {
    /// Nothing yet.
    #[must_use]
    pub fn new(shown: Shown) -> Self {
        Self {
            shown,
            ..Self::default()
        }
    }

    /// How many messages were left out.
    #[must_use]
    pub fn left_out(&self) -> usize {
        self.gaps.iter().map(|(_, count)| count).sum()
    }

    /// Keeps a message, if it is to be shown and there is room.
    pub(super) fn add(
        &mut self,
        message: &Message,
        link: Link,
        sent: Duration,
        flight: impl FnOnce() -> Flight,
    ) {
        if self.shown.most == 0 || sent < self.shown.from || !self.is_wanted(message) {
            return;
        }
        let result = link == Link::Client || is_result(message.kind());
        let room = if result {
            self.results < MOST_RESULTS
        } else {
            self.all.len() - self.results < self.shown.most
        };
        if room {
            self.results += usize::from(result);
            self.all.push(flight());
        } else if let Some((_, count)) = self.gaps.last_mut().filter(|_| self.in_gap) {
            *count += 1;
        } else {
            self.gaps.push((sent, 1));
        }
        self.in_gap = !room;
    }

    fn is_wanted(&self, message: &Message) -> bool {
        let only = &self.shown.only;
        if !only.is_empty() {
            return only.contains(message.kind());
        }
        let executed = message.body.get("executed").and_then(Value::as_bool);
        match message.kind() {
            "init" | "init_ok" | "keys" | "standing" | "pbft_status" => false,
            "pbft_status_ok" => executed == Some(true),
            _ => true,
        }
    }
}

/// Whether nodes decide by messages of this type, in the words that PBFT programs use for them: a diagram without them does
/// not show what came of it.
fn is_result(kind: &str) -> bool {
    let kind: String = kind.to_lowercase().replace(['-', '_'], "");
    kind.contains("commit") || ["newview", "viewchange"].contains(&kind.as_str())
}

/// The label of a message: its type, with the slot if it names one, in the words that PBFT programs use for it.
pub(super) fn label(message: &Message) -> String {
    let number = |names: [&str; 3]| {
        let value = names.iter().find_map(|name| message.body.get(*name));
        value.and_then(Value::as_u64)
    };
    let mut label: String = message.kind().chars().take(30).collect();
    if let Some(view) = number(["view", "v", "view_number"]) {
        label += &format!(" v{view}");
    }
    if let Some(slot) = number(["sequence_number", "sequence", "seq"]) {
        label += &format!(" #{slot}");
    }
    label
}
