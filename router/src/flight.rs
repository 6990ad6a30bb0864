//! Messages kept for the diagram: all results, and the first other messages up to a limit.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::message::Message;
use super::network::Loss;

/// A message in flight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flight {
    /// Who sent it.
    pub from: String,
    /// To whom.
    pub to: String,
    /// Its type, with the values that tell it from others.
    pub label: String,
    /// When it was sent, counted from when all nodes were initialised.
    pub sent: Duration,
    /// When it arrives, or why it does not arrive.
    pub arrives: Result<Duration, Loss>,
    /// Whether a liar's message was tampered with.
    pub altered: bool,
}

/// The filter of the messages that are kept.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// How many messages, results not counted.
    pub most: usize,
    /// From which time on, counted from the moment at which all nodes are initialised.
    pub from: Duration,
    /// Only messages of these types. Empty: all types except set-up, background status and polls that found nothing executed.
    pub only: BTreeSet<String>,
}

/// The kinds of sender and recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// From node to node.
    Nodes,
    /// From or to a client.
    Client,
}

/// How many results are kept. A picture of more cannot be read, and memory must be bounded.
const MOST_RESULTS: usize = 10_000;

/// The messages that are shown, and where others were left out.
#[derive(Clone, Debug, Default)]
pub struct Flights {
    /// The messages, in the order in which they were sent.
    pub all: Vec<Flight>,
    /// The times at which messages were left out, and how many in a row.
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

/// Whether this is the type of a result, in the names that PBFT programs use. A diagram without results does not show the
/// outcome.
fn is_result(kind: &str) -> bool {
    let kind: String = kind.to_lowercase().replace(['-', '_'], "");
    kind.contains("commit") || ["newview", "viewchange"].contains(&kind.as_str())
}

/// The label of a message: its type, with the slot if it has one, in the names that PBFT programs use.
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
