//! What was sent, kept for the diagram up to a limit.

use std::time::Duration;

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
    /// When it was sent, counted from the start of the nodes.
    pub sent: Duration,
    /// When it arrives, or why it does not.
    pub arrives: Result<Duration, Loss>,
    /// Whether a liar's message was tampered with.
    pub altered: bool,
}

/// The first messages, and how many more there were.
#[derive(Clone, Debug, Default)]
pub struct Flights {
    /// The messages, in the order in which they were sent.
    pub all: Vec<Flight>,
    /// How many came after them.
    pub left_out: u64,
    limit: usize,
}

impl Flights {
    /// Keeps so many.
    pub(super) fn with_limit(limit: usize) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }

    /// Keeps a message, if there is room.
    pub(super) fn add(&mut self, flight: impl FnOnce() -> Flight) {
        if self.all.len() < self.limit {
            self.all.push(flight());
        } else {
            self.left_out += 1;
        }
    }
}

/// The label of a message: its type, with the slot if it names one, in the words that PBFT programs use for it.
pub(super) fn label(message: &Message) -> String {
    let number = |names: [&str; 3]| {
        let value = names.iter().find_map(|name| message.body.get(*name));
        value.and_then(serde_json::Value::as_u64)
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
