//! The bodies of the messages that the node sends.

use std::collections::BTreeMap;

use quorate_protocol::{Phase, SignedMessage, SlotStatus};
use serde::Serialize;
use serde_json::Value;

/// The body of an answer. Its fields have the order of Maelstrom's documents.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    pub(crate) r#type: &'static str,
    pub(crate) in_reply_to: u64,
    pub(crate) msg_id: u64,
    #[serde(flatten)]
    pub(crate) rest: Rest,
}

/// The fields of an answer besides `type` and `in_reply_to`.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Rest {
    Nothing {},
    Echo {
        echo: Value,
    },
    Value {
        value: Value,
    },
    Placed {
        sequence_number: u64,
        view: u64,
        phase: &'static str,
    },
    Slot {
        phase: &'static str,
        prepares_received: usize,
        commits_received: usize,
        executed: bool,
    },
    Error {
        code: u16,
        text: String,
    },
}

/// Why a request is refused or failed. The codes are Maelstrom's.
#[derive(Debug)]
pub(crate) struct Error {
    pub(crate) code: u16,
    pub(crate) text: String,
}

impl Error {
    /// The operation may still execute, or may never: it is not known.
    pub(crate) const TIMEOUT: u16 = 0;
    pub(crate) const NOT_SUPPORTED: u16 = 10;
    pub(crate) const TEMPORARILY_UNAVAILABLE: u16 = 11;
    pub(crate) const MALFORMED_REQUEST: u16 = 12;
    pub(crate) const KEY_DOES_NOT_EXIST: u16 = 20;
    pub(crate) const PRECONDITION_FAILED: u16 = 22;

    pub(crate) fn new(code: u16, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { code, text }
    }

    pub(crate) fn malformed(text: impl Into<String>) -> Self {
        Self::new(Self::MALFORMED_REQUEST, text)
    }
}

/// A message of the engine to another node. Its type is only for observers. What counts is the signed part.
#[derive(Debug, Serialize)]
pub(crate) struct Peer {
    pub(crate) r#type: &'static str,
    /// The encoded signed message, as base64.
    pub(crate) signed: String,
}

/// What a node tells the others about all public keys.
#[derive(Debug, Serialize)]
pub(crate) struct KeysSaid<'a> {
    pub(crate) r#type: &'static str,
    pub(crate) echo: BTreeMap<&'a str, String>,
    pub(crate) ready: BTreeMap<&'a str, String>,
    /// Whether the sender lacks keys and asks the receiver to tell what it knows.
    pub(crate) asks: bool,
}

/// The phase of a slot, in the words of the documents.
pub(crate) const fn phase(slot: SlotStatus) -> &'static str {
    match slot.phase {
        Phase::Unknown => "unknown",
        Phase::PrePrepared => "pre-prepare",
        Phase::Prepared => "prepared",
        Phase::Committed | Phase::Executed | Phase::Stable => "committed",
    }
}

/// The type of a message between nodes.
pub(crate) const fn peer_type(message: &SignedMessage) -> &'static str {
    match message {
        SignedMessage::Request(_) => "request",
        SignedMessage::PrePrepare { .. } => "pre_prepare",
        SignedMessage::Prepare(_) => "prepare",
        SignedMessage::Commit(_) => "commit",
        SignedMessage::Checkpoint(_) => "checkpoint",
        SignedMessage::ViewChange(_) => "view_change",
        SignedMessage::NewView { .. } => "new_view",
        SignedMessage::Fetch(_) => "fetch",
        SignedMessage::Body(_) => "body",
        SignedMessage::Standing(_) => "standing",
        SignedMessage::FetchState(_) => "fetch_state",
        SignedMessage::State(_) => "state",
        SignedMessage::Replies(_) => "replies",
        SignedMessage::Query(_) => "query",
        SignedMessage::Answer(_) => "answer",
        SignedMessage::Committed(_) => "committed",
        SignedMessage::Stable(_) => "stable",
        SignedMessage::Proof(_) => "proof",
    }
}
