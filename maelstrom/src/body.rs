//! What the node says.

use std::collections::BTreeMap;

use quorate_protocol::{Phase, SignedMessage, SlotStatus};
use serde::Serialize;
use serde_json::Value;

/// The body of an answer; its fields in the order of the documents.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    pub(crate) r#type: &'static str,
    pub(crate) in_reply_to: u64,
    pub(crate) msg_id: u64,
    #[serde(flatten)]
    pub(crate) rest: Rest,
}

/// What an answer says beside whose it is.
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

/// Why a request is refused or failed; the codes are Maelstrom's.
#[derive(Debug)]
pub(crate) struct Error {
    pub(crate) code: u16,
    pub(crate) text: String,
}

impl Error {
    /// Nobody knows whether the operation will execute.
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

/// A message of the engine to another node. Its type is for whoever watches; what counts is signed.
#[derive(Debug, Serialize)]
pub(crate) struct Peer {
    pub(crate) r#type: &'static str,
    /// The signed message, encoded, as base64.
    pub(crate) signed: String,
}

/// What a node tells the others of everyone's public keys.
#[derive(Debug, Serialize)]
pub(crate) struct KeysSaid<'a> {
    pub(crate) r#type: &'static str,
    pub(crate) echo: BTreeMap<&'a str, String>,
    pub(crate) ready: BTreeMap<&'a str, String>,
    /// Whether the sender lacks keys, and wants to be told what the other says.
    pub(crate) asks: bool,
}

/// A slot's phase in the words of the documents.
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
    }
}
