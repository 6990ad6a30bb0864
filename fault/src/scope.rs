//! The view and slot that a message is about, and those of the process when it sends it. Triggers test them.

use quorate_protocol::message::{Checkpoint, Commit, PrePrepare, Prepare};
use quorate_protocol::{Effect, Message, Sequence, Signed, SignedMessage, Time, View};

/// The process's clock, view and slot just before its current step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// The time on its own clock.
    pub now: Time,
    /// Its current view, or the view that it asks for.
    pub view: View,
    /// The next slot to execute.
    pub slot: Sequence,
}

/// The view and slot that a message or effect names. A trigger takes a missing one from the [`Moment`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// The view.
    pub view: Option<View>,
    /// The slot.
    pub slot: Option<Sequence>,
}

impl Scope {
    const fn of(view: View, slot: Sequence) -> Self {
        Self {
            view: Some(view),
            slot: Some(slot),
        }
    }

    const fn view(view: View) -> Self {
        Self {
            view: Some(view),
            slot: None,
        }
    }

    const fn slot(slot: Sequence) -> Self {
        Self {
            view: None,
            slot: Some(slot),
        }
    }
}

impl From<&PrePrepare> for Scope {
    fn from(one: &PrePrepare) -> Self {
        Self::of(one.view, one.sequence)
    }
}

impl From<&Prepare> for Scope {
    fn from(one: &Prepare) -> Self {
        Self::of(one.view, one.sequence)
    }
}

impl From<&Commit> for Scope {
    fn from(one: &Commit) -> Self {
        Self::of(one.view, one.sequence)
    }
}

/// The scope of a proof is the scope of its votes.
fn of_proof<T>(proof: &[Signed<T>], of: fn(&T) -> Scope) -> Scope {
    proof
        .first()
        .map_or_else(Scope::default, |one| of(one.value()))
}

fn of_checkpoint(one: &Checkpoint) -> Scope {
    Scope::slot(one.sequence)
}

fn of_commit(one: &Commit) -> Scope {
    one.into()
}

impl From<&Message> for Scope {
    fn from(message: &Message) -> Self {
        match message {
            Message::PrePrepare(one, _) => one.into(),
            Message::Prepare(one) => one.into(),
            Message::Commit(one) => one.into(),
            Message::Checkpoint(one) => of_checkpoint(one),
            Message::ViewChange(one) => Self::view(one.view),
            Message::NewView(one) => Self::view(one.view),
            Message::Standing(one) => Self::view(one.view),
            Message::FetchState(one) => Self::slot(one.sequence),
            Message::State(one) => Self::slot(one.sequence),
            Message::Committed(one) => of_proof(&one.proof, of_commit),
            Message::Stable(one) => of_proof(&one.proof, of_checkpoint),
            Message::Request(_)
            | Message::Ask(_)
            | Message::Fetch(_)
            | Message::Body(_)
            | Message::Replies(_)
            | Message::Query(_)
            | Message::Answer(_)
            | Message::Proof(_) => Self::default(),
        }
    }
}

impl From<&SignedMessage> for Scope {
    fn from(message: &SignedMessage) -> Self {
        match message {
            SignedMessage::PrePrepare { pre_prepare, .. } => pre_prepare.value().into(),
            SignedMessage::Prepare(one) => one.value().into(),
            SignedMessage::Commit(one) => one.value().into(),
            SignedMessage::Checkpoint(one) => of_checkpoint(one.value()),
            SignedMessage::ViewChange(one) => Self::view(one.value().view),
            SignedMessage::NewView { new_view, .. } => Self::view(new_view.value().view),
            SignedMessage::Standing(one) => Self::view(one.value().view),
            SignedMessage::FetchState(one) => Self::slot(one.value().sequence),
            SignedMessage::State(one) => Self::slot(one.value().sequence),
            SignedMessage::Committed(one) => of_proof(&one.value().proof, of_commit),
            SignedMessage::Stable(one) => of_proof(&one.value().proof, of_checkpoint),
            SignedMessage::Request(_)
            | SignedMessage::Fetch(_)
            | SignedMessage::Body(_)
            | SignedMessage::Replies(_)
            | SignedMessage::Query(_)
            | SignedMessage::Answer(_)
            | SignedMessage::Proof(_) => Self::default(),
        }
    }
}

impl From<&Effect> for Scope {
    fn from(effect: &Effect) -> Self {
        match effect {
            Effect::Broadcast(message) | Effect::Send { message, .. } => message.into(),
            Effect::Forward { message, .. } => message.as_ref().into(),
            Effect::Execute { sequence, .. }
            | Effect::TakeCheckpoint { sequence }
            | Effect::InstallState { sequence, .. } => Self::slot(*sequence),
            _ => Self::default(),
        }
    }
}
