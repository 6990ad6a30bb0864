//! The kinds of messages, by the names that people know them by: in plans, scenarios, pictures and traces.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::{Commit, Committed, SignedMessage};
use crate::digest::Digest;
use crate::signature::Signed;

/// A kind of message between processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Kind(&'static str);

impl Kind {
    /// All that replicas send each other, in the order of [`Kind::number`].
    pub const ALL: [Self; 18] = [
        Self::REQUEST,
        Self::PRE_PREPARE,
        Self::PREPARE,
        Self::COMMIT,
        Self("checkpoint"),
        Self::VIEW_CHANGE,
        Self::NEW_VIEW,
        Self("fetch"),
        Self::BODY,
        Self::STANDING,
        Self("fetch-state"),
        Self("state"),
        Self::COMMITTED,
        Self("stable"),
        Self("reply"),
        Self("query"),
        Self("answer"),
        Self("proof"),
    ];

    /// REQUEST.
    pub const REQUEST: Self = Self("request");
    /// PRE-PREPARE.
    pub const PRE_PREPARE: Self = Self("pre-prepare");
    /// PREPARE.
    pub const PREPARE: Self = Self("prepare");
    /// COMMIT.
    pub const COMMIT: Self = Self("commit");
    /// VIEW-CHANGE.
    pub const VIEW_CHANGE: Self = Self("view-change");
    /// NEW-VIEW.
    pub const NEW_VIEW: Self = Self("new-view");
    /// The answer to a fetch.
    pub const BODY: Self = Self("body");
    /// Where the sender stands.
    pub const STANDING: Self = Self("standing");
    /// A committed slot with its proof.
    pub const COMMITTED: Self = Self("committed");

    /// A vote of the exchange. It is a call from one process to another, and no message of a replica.
    pub const VOTE: Self = Self("vote");

    /// All that goes over a link between two processes.
    pub fn on_links() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().chain([Self::VOTE])
    }

    /// A message's kind.
    #[must_use]
    pub const fn of(message: &SignedMessage) -> Self {
        Self::ALL[Self::number(message)]
    }

    /// The place of a message's kind in [`Kind::ALL`].
    #[must_use]
    pub const fn number(message: &SignedMessage) -> usize {
        match message {
            SignedMessage::Request(_) => 0,
            SignedMessage::PrePrepare { .. } => 1,
            SignedMessage::Prepare(_) => 2,
            SignedMessage::Commit(_) => 3,
            SignedMessage::Checkpoint(_) => 4,
            SignedMessage::ViewChange(_) => 5,
            SignedMessage::NewView { .. } => 6,
            SignedMessage::Fetch(_) => 7,
            SignedMessage::Body(_) => 8,
            SignedMessage::Standing(_) => 9,
            SignedMessage::FetchState(_) => 10,
            SignedMessage::State(_) => 11,
            SignedMessage::Committed(_) => 12,
            SignedMessage::Stable(_) => 13,
            SignedMessage::Replies(_) => 14,
            SignedMessage::Query(_) => 15,
            SignedMessage::Answer(_) => 16,
            SignedMessage::Proof(_) => 17,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }

    /// The names of [`Kind::ALL`], for people.
    #[must_use]
    pub fn names() -> String {
        Self::ALL.map(|kind| kind.0).join(", ")
    }

    /// The kind with this name, of [`Kind::ALL`].
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.0 == name)
    }
}

/// The view and the slot that a message is about.
#[must_use]
pub fn place(message: &SignedMessage) -> (Option<u64>, Option<u64>) {
    match message {
        SignedMessage::PrePrepare { pre_prepare, .. } => {
            let value = pre_prepare.value();
            (Some(value.view.0), Some(value.sequence.0))
        }
        SignedMessage::Prepare(m) => (Some(m.value().view.0), Some(m.value().sequence.0)),
        SignedMessage::Commit(m) => (Some(m.value().view.0), Some(m.value().sequence.0)),
        SignedMessage::Committed(m) => commit_of(m.value()).map_or((None, None), |vote| {
            (Some(vote.view.0), Some(vote.sequence.0))
        }),
        SignedMessage::Checkpoint(m) => (None, Some(m.value().sequence.0)),
        SignedMessage::ViewChange(m) => (Some(m.value().view.0), None),
        SignedMessage::NewView { new_view, .. } => (Some(new_view.value().view.0), None),
        SignedMessage::State(m) => (None, Some(m.value().sequence.0)),
        SignedMessage::FetchState(m) => (None, Some(m.value().sequence.0)),
        _ => (None, None),
    }
}

/// The digest that a message is about: of a batch, or of a state.
#[must_use]
pub fn digest(message: &SignedMessage) -> Option<Digest> {
    match message {
        SignedMessage::PrePrepare { pre_prepare, .. } => Some(pre_prepare.value().digest),
        SignedMessage::Prepare(m) => Some(m.value().digest),
        SignedMessage::Commit(m) => Some(m.value().digest),
        SignedMessage::Committed(m) => commit_of(m.value()).map(|vote| vote.digest),
        SignedMessage::Checkpoint(m) => Some(m.value().digest),
        SignedMessage::Fetch(m) => Some(m.value().digest),
        SignedMessage::Body(m) => Some(m.value().batch.digest()),
        _ => None,
    }
}

/// What its proof is about. A liar's may be empty.
fn commit_of(committed: &Committed) -> Option<&Commit> {
    committed.proof.first().map(Signed::value)
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::named(&name).ok_or_else(|| {
            let names = Self::names();
            D::Error::custom(format!(
                "'{name}' is not a kind of message: the kinds are {names}"
            ))
        })
    }
}
