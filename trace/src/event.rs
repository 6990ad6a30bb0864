//! An event: one thing that a process did or that happened to it.

use std::borrow::Cow;
use std::fmt;

use quorate_protocol::message;
use quorate_protocol::{ReplicaId, Sequence, SignedMessage, View};
use serde::{Deserialize, Serialize};

use crate::name::{Actor, BadName, EventId, Fingerprint};

/// One event. A member that says nothing of an event is left out of its line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// The event's number in this life of the process, from 1. The next event has the next number.
    pub i: u64,
    /// How often the process had started before this life.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub life: u32,
    /// The time in microseconds: since the beginning of a simulated run, since 1970 of a live process.
    pub t_us: u64,
    /// The process.
    pub p: Actor,
    /// What kind of event it is.
    pub kind: Kind,
    /// The message: the name of the event that sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub msg: Option<EventId>,
    /// Who sent the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Actor>,
    /// Who is to get the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Whom>,
    /// The kind of the message.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub message: Option<message::Kind>,
    /// The view.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view: Option<u64>,
    /// The slot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<u64>,
    /// The digest of the batch, or of the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Fingerprint>,
    /// Why a message was dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Why>,
    /// Who is proved faulty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accused: Option<Actor>,
    /// More about the event, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub what: Option<Cow<'static, str>>,
    /// The event that this one follows from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<EventId>,
}

/// The kinds of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The process starts.
    Start,
    /// It sends a message, to one process or to all others.
    Send,
    /// A message reaches it.
    Receive,
    /// A message that it sent, or that reached it, goes no further.
    Drop,
    /// A timer runs out, or it is time for a faulty process to act.
    Timer,
    /// It knows a proposal for a slot.
    Accept,
    /// The slot is prepared.
    Prepared,
    /// The slot is committed.
    Committed,
    /// It executes the slot.
    Execute,
    /// A checkpoint of its state.
    Checkpoint,
    /// It wants a view, or the view starts.
    View,
    /// It proves another process faulty.
    Accuse,
    /// It becomes faulty or correct, or it ends.
    Fault,
    /// Somebody asks it.
    Call,
    /// It answers.
    Answer,
}

/// Why a message goes no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Why {
    /// The recipient did not run.
    Away,
    /// The link was cut.
    Cut,
    /// Its bytes are no message.
    Damaged,
    /// Too much waited for the recipient.
    Full,
    /// The link lost it.
    Loss,
    /// The recipient found a fault in it, or in an earlier message of the same batch.
    Refused,
}

/// Who is to get a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Whom {
    /// All other processes.
    All,
    /// One process.
    One(Actor),
}

impl Event {
    /// An event of this kind. Whoever keeps the trace knows when and where.
    #[must_use]
    pub const fn new(kind: Kind) -> Self {
        Self {
            i: 0,
            life: 0,
            t_us: 0,
            p: Actor {
                process: ReplicaId(0),
                twin: false,
            },
            kind,
            msg: None,
            from: None,
            to: None,
            message: None,
            view: None,
            slot: None,
            digest: None,
            why: None,
            accused: None,
            what: None,
            cause: None,
        }
    }

    /// The process was held up, and goes on as it was.
    #[must_use]
    pub fn was_paused() -> Self {
        Self::new(Kind::Fault).what("was paused")
    }

    /// Its name.
    #[must_use]
    pub const fn id(&self) -> EventId {
        EventId {
            by: self.p,
            life: self.life,
            i: self.i,
        }
    }

    /// About this message.
    #[must_use]
    pub fn about(self, message: &SignedMessage) -> Self {
        let (view, slot) = message::place(message);
        Self {
            message: Some(message::Kind::of(message)),
            view,
            slot,
            digest: message::digest(message).map(Fingerprint::from),
            ..self
        }
    }

    /// About this slot.
    #[must_use]
    pub fn slot(self, slot: Sequence) -> Self {
        Self {
            slot: Some(slot.0),
            ..self
        }
    }

    /// About this view.
    #[must_use]
    pub fn view(self, view: View) -> Self {
        Self {
            view: Some(view.0),
            ..self
        }
    }

    /// With these words.
    #[must_use]
    pub fn what(self, words: impl Into<Cow<'static, str>>) -> Self {
        Self {
            what: Some(words.into()),
            ..self
        }
    }
}

impl Kind {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Send => "send",
            Self::Receive => "receive",
            Self::Drop => "drop",
            Self::Timer => "timer",
            Self::Accept => "accept",
            Self::Prepared => "prepared",
            Self::Committed => "committed",
            Self::Execute => "execute",
            Self::Checkpoint => "checkpoint",
            Self::View => "view",
            Self::Accuse => "accuse",
            Self::Fault => "fault",
            Self::Call => "call",
            Self::Answer => "answer",
        }
    }
}

impl Why {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Away => "away",
            Self::Cut => "cut",
            Self::Damaged => "damaged",
            Self::Full => "full",
            Self::Loss => "loss",
            Self::Refused => "refused",
        }
    }
}

impl Whom {
    const ALL: &'static str = "all";
}

impl fmt::Display for Whom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str(Self::ALL),
            Self::One(actor) => write!(f, "{actor}"),
        }
    }
}

impl TryFrom<String> for Whom {
    type Error = BadName;

    fn try_from(text: String) -> Result<Self, BadName> {
        if text == Self::ALL {
            return Ok(Self::All);
        }
        text.parse().map(Self::One)
    }
}

impl From<Whom> for String {
    fn from(whom: Whom) -> Self {
        whom.to_string()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}
