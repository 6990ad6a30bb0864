//! What is measured of a run: who asked when and had which answer when, what was sent, and what correct processes noticed.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use quorate_host::Event;
use quorate_protocol::message::Kind;
use quorate_protocol::{ReplicaId, Time};

use crate::process::{Caller, Packet};

/// Numbers of a run. All times are virtual.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// What users and clients asked for, in the order in which they did.
    pub asked: Vec<Asked>,
    /// The messages that left, by the name of their kind. One to all counts once for each recipient, and one that is lost counts too. Bytes that are
    /// no message are not here.
    pub sent: BTreeMap<&'static str, Traffic>,
    /// What happened to correct processes, in the order in which it did.
    pub noted: Vec<Noted>,
    /// Where in `asked` a caller at a place is.
    callers: BTreeMap<(usize, Caller), usize>,
}

/// An operation that somebody asked a correct process for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// When.
    pub at: Time,
    /// When the answer left the process; `None` if there was none.
    pub answered: Option<Time>,
}

/// Messages, and their bytes with the heads of their batches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// How many.
    pub messages: u64,
    /// How many bytes.
    pub bytes: u64,
}

/// Something that a process noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noted {
    /// When.
    pub at: Time,
    /// Who.
    pub by: ReplicaId,
    /// What.
    pub what: Note,
}

/// What a process may notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// It starts this view.
    View(u64),
    /// Its state at a checkpoint is not what a quorum has.
    Diverged,
    /// It has taken over the state of others.
    Installed,
}

impl Measured {
    pub(super) fn ask(&mut self, at: usize, caller: Caller, now: Time) {
        // A client that repeats itself waits since it asked first.
        if let Entry::Vacant(place) = self.callers.entry((at, caller)) {
            place.insert(self.asked.len());
            self.asked.push(Asked {
                at: now,
                answered: None,
            });
        }
    }

    pub(super) fn answer(&mut self, at: usize, caller: Caller, done: Time) {
        let place = self.callers.get(&(at, caller));
        if let Some(asked) = place.and_then(|place| self.asked.get_mut(*place)) {
            asked.answered.get_or_insert(done);
        }
    }

    pub(super) fn send(&mut self, kind: Option<Kind>, packet: &Packet) {
        if let Some(kind) = kind {
            let traffic = self.sent.entry(kind.name()).or_default();
            traffic.messages += 1;
            traffic.bytes += packet.size() as u64;
        }
    }

    pub(super) fn note(&mut self, by: ReplicaId, at: Time, event: &Event) {
        let what = match event {
            Event::View(view, true) => Note::View(view.0),
            Event::Diverged(_) => Note::Diverged,
            Event::Installed(_) => Note::Installed,
            _ => return,
        };
        self.noted.push(Noted { at, by, what });
    }
}
