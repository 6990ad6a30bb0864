//! A process's view changes with their reasons, and the processes that it proved faulty.

use std::fmt;

use dxr::Value;

use super::answer::{Members, from_members, from_number, from_texts};

/// A process that its own signed messages prove faulty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofStatus {
    /// The process that is proved faulty.
    pub accused: String,
    /// What it did, in words: `two proposals for slot 1 in view 0`.
    pub what: String,
}

/// Messages under the name of a process that were refused before they counted, such as those with a false signature.
/// They are no proof: anybody can send such a message under any name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedStatus {
    /// The process that the batches say they are from.
    pub sender: String,
    /// How many batches had such a message.
    pub batches: u64,
    /// What was wrong with the first of them, in words.
    pub why: String,
}

/// A view that this process asked for, or took over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewChangeStatus {
    /// The view.
    pub view: u64,
    /// Its primary.
    pub primary: String,
    /// Why this process left the previous view.
    pub reason: ViewChangeReason,
    /// How long it had waited when its timer ran out, in milliseconds; 0 for every other reason.
    pub waited_ms: u64,
    /// The processes whose VIEW-CHANGEs are in the NEW-VIEW that started the view; until it starts, those whose VIEW-CHANGEs
    /// this process has.
    pub asked_by: Vec<String>,
    /// Whether the view has started here.
    pub started: bool,
}

/// Why a process leaves a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewChangeReason {
    /// It waited for a request to execute, or for the view to start, and its timer ran out.
    Timer,
    /// f+1 others had asked for the view.
    Joined,
    /// A client asked for another primary.
    Client,
    /// The primary had served many requests in a row slowly.
    Slow,
    /// The NEW-VIEW that was to start the view was wrong.
    BadNewView,
    /// It had asked for the view, or was in it, before it was restarted.
    Restarted,
    /// The primary was proved faulty.
    Proved,
    /// A NEW-VIEW came before this process had asked for the view.
    Followed,
}

impl ViewChangeReason {
    const ALL: [Self; 8] = [
        Self::Timer,
        Self::Joined,
        Self::Client,
        Self::Slow,
        Self::BadNewView,
        Self::Restarted,
        Self::Proved,
        Self::Followed,
    ];

    /// The reason's name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Timer => "timer",
            Self::Joined => "joined",
            Self::Client => "client",
            Self::Slow => "slow",
            Self::BadNewView => "bad-new-view",
            Self::Restarted => "restarted",
            Self::Proved => "proved",
            Self::Followed => "followed",
        }
    }

    fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

impl fmt::Display for ViewChangeReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl ProofStatus {
    pub(super) fn into_value(self) -> Value {
        from_members([
            ("accused", Value::String(self.accused)),
            ("what", Value::String(self.what)),
        ])
    }

    pub(super) fn from_value(value: Value) -> Result<Self, String> {
        let mut members = Members::of(value)?;
        Ok(Self {
            accused: members.text("accused")?,
            what: members.text("what")?,
        })
    }
}

impl RefusedStatus {
    pub(super) fn into_value(self) -> Value {
        from_members([
            ("sender", Value::String(self.sender)),
            ("batches", from_number(self.batches)),
            ("why", Value::String(self.why)),
        ])
    }

    pub(super) fn from_value(value: Value) -> Result<Self, String> {
        let mut members = Members::of(value)?;
        Ok(Self {
            sender: members.text("sender")?,
            batches: members.number("batches")?,
            why: members.text("why")?,
        })
    }
}

impl ViewChangeStatus {
    pub(super) fn into_value(self) -> Value {
        from_members([
            ("view", from_number(self.view)),
            ("primary", Value::String(self.primary)),
            ("reason", Value::String(self.reason.to_string())),
            ("waited_ms", from_number(self.waited_ms)),
            ("asked_by", from_texts(self.asked_by)),
            ("started", Value::Boolean(self.started)),
        ])
    }

    pub(super) fn from_value(value: Value) -> Result<Self, String> {
        let mut members = Members::of(value)?;
        Ok(Self {
            view: members.number("view")?,
            primary: members.text("primary")?,
            reason: ViewChangeReason::of_name(&members.text("reason")?)
                .ok_or("member reason: not the name of a reason")?,
            waited_ms: members.number("waited_ms")?,
            asked_by: members.texts("asked_by")?,
            started: members.boolean("started")?,
        })
    }
}
