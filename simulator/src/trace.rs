//! What happened, as one line per event, and a digest of all lines.

use std::fmt;

use quorate_host::Event;
use quorate_protocol::message::{NewView, Piece, Request};
use quorate_protocol::{Digest, Part, Signed, SignedMessage, Time};

use crate::process::Packet;

/// What is kept of a run's events.
#[derive(Debug, Default)]
pub enum Trace {
    /// Nothing; the fastest.
    #[default]
    Off,
    /// A digest of all lines.
    Digest(Hash),
    /// The lines too, handed on as they come.
    Lines(Hash, fn(&str)),
}

/// A digest that grows line by line.
#[derive(Clone, Copy, Debug)]
pub struct Hash(Digest);

impl Default for Hash {
    fn default() -> Self {
        Self(Digest::of(&[]))
    }
}

impl Trace {
    /// Adds a line; `line` is called only if somebody wants it.
    pub(crate) fn line(
        &mut self,
        now: Time,
        who: &impl fmt::Display,
        line: impl FnOnce() -> String,
    ) {
        let (hash, show) = match self {
            Self::Off => return,
            Self::Digest(hash) => (hash, None),
            Self::Lines(hash, show) => (hash, Some(show)),
        };
        let line = format!(
            "{:4}.{:06} {who} {}",
            now.0 / 1_000_000,
            now.0 % 1_000_000,
            line()
        );
        hash.0 = Digest::of(&[&hash.0.0, line.as_bytes()]);
        if let Some(show) = show {
            show(&line);
        }
    }

    /// The digest of all lines, if it was wanted.
    #[must_use]
    pub const fn digest(&self) -> Option<Digest> {
        match self {
            Self::Off => None,
            Self::Digest(hash) | Self::Lines(hash, _) => Some(hash.0),
        }
    }
}

/// A packet in a few words.
pub(crate) fn packet(packet: &Packet) -> String {
    match packet {
        Packet::Batch { message, .. } => message
            .as_ref()
            .map_or_else(|| "garbage".to_owned(), |message| message_words(message)),
        Packet::Vote(heard) => {
            let round = heard.round.unwrap_or_default();
            format!("vote {} round {round} '{}'", heard.sender, heard.decision)
        }
    }
}

fn message_words(message: &SignedMessage) -> String {
    match message {
        SignedMessage::Request(m) => {
            let value = m.value();
            format!("request {} number {}", m.signer(), value.timestamp.0)
        }
        SignedMessage::PrePrepare { pre_prepare, batch } => {
            let (value, from) = (pre_prepare.value(), pre_prepare.signer());
            let (view, slot, count) = (value.view.0, value.sequence.0, batch.requests().len());
            format!(
                "pre-prepare {from} view {view} slot {slot} {} requests {count}",
                value.digest
            )
        }
        SignedMessage::Prepare(m) => {
            let value = m.value();
            vote_words(
                "prepare",
                m.signer(),
                value.view.0,
                value.sequence.0,
                value.digest,
            )
        }
        SignedMessage::Commit(m) => {
            let value = m.value();
            vote_words(
                "commit",
                m.signer(),
                value.view.0,
                value.sequence.0,
                value.digest,
            )
        }
        SignedMessage::Checkpoint(m) => {
            let value = m.value();
            format!(
                "checkpoint {} slot {} {}",
                m.signer(),
                value.sequence.0,
                value.digest
            )
        }
        SignedMessage::ViewChange(m) => {
            let value = m.value();
            let slots = value
                .prepared
                .iter()
                .map(|one| one.sequence().0.to_string());
            let slots: Vec<String> = slots.collect();
            let (view, stable) = (value.view.0, value.stable.0);
            format!(
                "view-change {} view {view} stable {stable} prepared [{}]",
                m.signer(),
                slots.join(" ")
            )
        }
        SignedMessage::NewView { new_view, .. } => {
            let (value, from) = (new_view.value(), new_view.signer());
            format!(
                "new-view {from} view {} slots {}",
                value.view.0,
                value.chosen.len()
            )
        }
        SignedMessage::FetchState(m) => {
            let (slot, from) = (m.value().sequence.0, m.signer());
            match m.value().part {
                None => format!("fetch-state {from} slot {slot} manifest"),
                Some(part) => format!("fetch-state {from} slot {slot} part {part}"),
            }
        }
        SignedMessage::State(m) => {
            let (slot, from) = (m.value().sequence.0, m.signer());
            match &m.value().piece {
                Piece::Manifest(manifest) => {
                    format!("state {from} slot {slot} manifest {}", manifest.digest())
                }
                Piece::Part(part) => format!(
                    "state {from} slot {slot} part {}",
                    Part::from(&part[..]).digest()
                ),
            }
        }
        SignedMessage::Committed(m) => {
            let slot = m.value().proof.first();
            let slot = slot.map_or(0, |one| one.value().sequence.0);
            format!("committed {} slot {slot}", m.signer())
        }
        SignedMessage::Stable(m) => {
            let slot = m.value().proof.first();
            let slot = slot.map_or(0, |one| one.value().sequence.0);
            format!("stable {} slot {slot}", m.signer())
        }
        SignedMessage::Replies(m) => {
            let told = m.value().replies.iter();
            let told: Vec<String> = told
                .map(|reply| format!("{}/{}", reply.client, reply.timestamp.0))
                .collect();
            format!("replies {} [{}]", m.signer(), told.join(" "))
        }
        SignedMessage::Query(m) => format!("query {} number {}", m.signer(), m.value().number),
        SignedMessage::Answer(m) => format!("answer {} number {}", m.signer(), m.value().number),
        SignedMessage::Proof(m) => {
            let evidence = &m.value().evidence;
            format!(
                "proof {} against {}: {evidence}",
                m.signer(),
                evidence.accused()
            )
        }
        SignedMessage::Fetch(m) => format!("fetch {} {}", m.signer(), m.value().digest),
        SignedMessage::Body(m) => format!("body {} {}", m.signer(), m.value().batch.digest()),
        SignedMessage::Standing(m) => {
            let value = m.value();
            let (view, active, executed) = (value.view.0, value.active, value.executed.0);
            format!(
                "standing {} view {view} active {active} executed {executed}",
                m.signer()
            )
        }
    }
}

fn vote_words(kind: &str, from: impl fmt::Display, view: u64, slot: u64, digest: Digest) -> String {
    format!("{kind} {from} view {view} slot {slot} {digest}")
}

/// An event in a few words.
pub(crate) fn event(event: &Event) -> String {
    match event {
        Event::Sent(outgoing) => {
            let whom = outgoing
                .to
                .map_or_else(|| "all".to_owned(), |to| to.to_string());
            let damaged = if outgoing.damaged { " (damaged)" } else { "" };
            format!(
                "tells {whom}: {}{damaged}",
                message_words(&outgoing.message)
            )
        }
        Event::Asked(request) => format!("asks for number {}", request.timestamp.0),
        Event::Executed {
            sequence,
            requests,
            proof,
            ..
        } => {
            let of = |request: &Request| format!("{}/{}", request.client, request.timestamp.0);
            let requests: Vec<String> = requests.iter().map(of).collect();
            let (requests, commits) = (requests.join(" "), proof.len());
            format!(
                "executes slot {} [{requests}] with {commits} commits",
                sequence.0
            )
        }
        Event::Installed(slot) => format!("takes over the state up to slot {}", slot.0),
        Event::Unreadable(slot) => format!("cannot read the state of slot {}", slot.0),
        Event::Diverged(slot) => format!("finds its state at slot {} to differ", slot.0),
        Event::Done(timestamp) => format!("has executed its own number {}", timestamp.0),
        Event::View(view, true) => format!("starts view {}", view.0),
        Event::View(view, false) => format!("wants view {}", view.0),
        Event::Refused(misbehaviour) => format!("refuses: {misbehaviour}"),
        Event::RefusedBatch {
            sender,
            misbehaviour,
        } => format!("refuses a batch of {sender}: {misbehaviour}"),
        Event::Unsigned(misbehaviour) => format!("cannot sign: {misbehaviour}"),
        Event::Accused(evidence) => format!("accuses {}", evidence.accused()),
    }
}

/// The NEW-VIEW that a process writes down, in a few words.
pub(crate) fn began(new_view: &Signed<NewView>) -> String {
    let signers = new_view.value().view_changes.iter().map(Signed::signer);
    let signers: Vec<String> = signers.map(|signer| signer.to_string()).collect();
    format!("writes down the new view of [{}]", signers.join(" "))
}
