//! Lies written down: what a process sends in the place of its own messages.

use quorate_protocol::message::Kind;
use quorate_protocol::{Digest, message::Batch};
use serde::{Deserialize, Serialize};

use crate::Name;

/// A process that is faulty by a script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Which.
    pub process: Name,
    /// Its lies. All other messages leave as they are.
    #[serde(default)]
    pub lies: Vec<Lie>,
}

/// What a process sends in the place of one message, signed with its own key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lie {
    /// The kind of the message.
    pub message: Kind,
    /// The view that it is about, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view: Option<u64>,
    /// The slot that it is about, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<u64>,
    /// Which of the process's messages of this kind, view and slot, from 1 on.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub number: u64,
    /// What it sends; nothing if the list is empty.
    #[serde(default)]
    pub sends: Vec<Sending>,
}

/// The message of a [`Lie`], perhaps changed, to some processes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sending {
    /// To whom. The process itself may be among them: then its own replica hears it too.
    pub to: Vec<Name>,
    /// Another view.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view: Option<u64>,
    /// Another slot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<u64>,
    /// Another digest. A proposal has the digest of its batch unless this says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Claim>,
    /// These requests of the proposed batch, by their places from 0 on, in this order; none for the null batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<Vec<usize>>,
    /// How long it is held back, in microseconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub late_us: u64,
}

/// A digest in a plan: `null` for that of the null batch, or 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Claim(pub Digest);

/// A text is no digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is no digest: write 64 hexadecimal digits, or 'null' for the batch without requests"
)]
pub struct BadClaim(String);

const NULL: &str = "null";

impl From<Claim> for String {
    fn from(Claim(digest): Claim) -> Self {
        if digest == Batch::null().digest() {
            NULL.to_owned()
        } else {
            base16ct::lower::encode_string(&digest.0)
        }
    }
}

impl TryFrom<String> for Claim {
    type Error = BadClaim;

    fn try_from(text: String) -> Result<Self, BadClaim> {
        if text == NULL {
            return Ok(Self(Batch::null().digest()));
        }
        let mut bytes = [0; 32];
        let read = base16ct::lower::decode(&text, &mut bytes).map(<[u8]>::len);
        match read {
            Ok(32) => Ok(Self(Digest(bytes))),
            _ => Err(BadClaim(text.chars().take(80).collect())),
        }
    }
}

/// What messages of a kind have that a liar may change: of view, slot, digest and requests.
const CHANGES: [(&str, &[&str]); 6] = [
    ("pre-prepare", &["view", "slot", "digest", "requests"]),
    ("prepare", &["view", "slot", "digest"]),
    ("commit", &["view", "slot", "digest"]),
    ("checkpoint", &["slot", "digest"]),
    ("view-change", &["view"]),
    ("standing", &["view"]),
];

impl Lie {
    /// A change that messages of this kind have no room for, and what can be changed in them.
    pub(crate) fn impossible(&self) -> Option<(&'static str, &'static [&'static str])> {
        let kind = self.message.name();
        let found = CHANGES.iter().find(|(name, _)| *name == kind);
        let may = found.map_or(&[][..], |(_, may)| may);
        let changes = self.sends.iter().flat_map(|one| {
            [
                ("view", one.view.is_some()),
                ("slot", one.slot.is_some()),
                ("digest", one.digest.is_some()),
                ("requests", one.requests.is_some()),
            ]
        });
        let mut wrong = changes.filter(|(name, is_changed)| *is_changed && !may.contains(name));
        wrong.next().map(|(name, _)| (name, may))
    }
}

const fn first() -> u64 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives references")]
const fn is_first(number: &u64) -> bool {
    *number == 1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives references")]
const fn is_zero(late_us: &u64) -> bool {
    *late_us == 0
}
