//! The picture of a story. In most commands no time passes, so a picture has a clock of its own: each message takes one step,
//! and each command begins after the previous one has ended.

use quorate_diagram::Lane;
use quorate_host::Event;
use quorate_protocol::{ReplicaId, Sequence, SignedMessage, Time};

use super::parcel::Parcel;
use crate::picture::{Frame, Picture};

/// How long a message takes in the picture, in microseconds.
const STEP: u64 = 1000;

/// The picture, if it was asked for, and its clock.
#[derive(Debug, Default)]
pub(super) struct Sketch {
    picture: Option<Picture>,
    /// The time of the current event, and the time of the last event so far.
    now: Time,
    last: Time,
}

impl Sketch {
    /// An empty picture of `n` processes.
    pub(super) fn new(frame: Option<&Frame>, n: u32) -> Self {
        let lanes = (0..n).map(|own| Lane::new(ReplicaId(own).to_string()));
        Self {
            picture: frame.map(|frame| Picture::new(frame.clone(), n, lanes.collect())),
            ..Self::default()
        }
    }

    /// The events of the picture.
    pub(super) fn into_picture(self) -> Option<Picture> {
        self.picture
    }

    /// A command or a timer at this time of the story.
    pub(super) fn begins(&mut self, time: Time) {
        self.now = self.last.max(time);
        self.last = self.now;
    }

    /// When a message is sent now.
    pub(super) const fn sends(&self) -> Time {
        self.now
    }

    /// A message arrives at this time of the story.
    pub(super) fn arrives(&mut self, time: Time, parcel: &Parcel) {
        self.now = Time(parcel.sent.0 + STEP).max(time);
        self.last = self.last.max(self.now);
        self.parcel(parcel, Ok(self.now));
    }

    /// A message does not arrive.
    pub(super) fn lost(&mut self, parcel: &Parcel, reason: &'static str) {
        self.parcel(parcel, Err(reason));
    }

    fn parcel(&mut self, parcel: &Parcel, end: Result<Time, &'static str>) {
        if let Some(picture) = &mut self.picture {
            let (from, to) = (parcel.from.to_string(), parcel.to.to_string());
            picture.message((&from, &to), &parcel.message, parcel.sent, end);
        }
    }

    /// A forged message arrives.
    pub(super) fn forged(&mut self, to: ReplicaId, message: &SignedMessage) {
        let sent = self.now;
        self.now = Time(sent.0 + STEP);
        self.last = self.last.max(self.now);
        if let Some(picture) = &mut self.picture {
            let lanes = (FORGER, to.to_string());
            picture.message((lanes.0, &lanes.1), message, sent, Ok(self.now));
        }
    }

    /// A process executes a slot.
    pub(super) fn executes(&mut self, by: ReplicaId, slot: Sequence, requests: &str) {
        if let Some(picture) = &mut self.picture {
            picture.executes(&by.to_string(), self.now, slot, requests);
        }
    }

    /// A process does something that the picture shows as a note.
    pub(super) fn event(&mut self, by: ReplicaId, event: &Event) {
        let Some(picture) = &mut self.picture else {
            return;
        };
        match event {
            Event::View(view, active) => {
                picture.enters(&by.to_string(), self.now, *view, *active);
            }
            Event::Installed(slot) => {
                self.does(by, &format!("takes over the state of slot {}", slot.0));
            }
            Event::Accused(evidence) => {
                self.does(by, &format!("proves {} faulty", evidence.accused()));
            }
            _ => {}
        }
    }

    /// A process does something else.
    pub(super) fn does(&mut self, by: ReplicaId, text: &str) {
        if let Some(picture) = &mut self.picture {
            picture.does(&by.to_string(), self.now, text.to_owned());
        }
    }
}

/// The lane that sends forged messages.
const FORGER: &str = "forger";
