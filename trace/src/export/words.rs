//! An event in a few words.

use std::fmt::Write as _;

use crate::event::{Event, Whom};

/// What a message or an event is about: `pre-prepare view 0 slot 1`.
pub(super) fn subject(event: &Event) -> String {
    let mut words = match &event.message {
        Some(message) => message.name().to_owned(),
        None => event.kind.name().to_owned(),
    };
    if let Some(view) = event.view {
        let _ = write!(words, " view {view}");
    }
    if let Some(slot) = event.slot {
        let _ = write!(words, " slot {slot}");
    }
    words
}

/// The whole event: `send pre-prepare view 0 slot 1 to all`.
pub(super) fn event(event: &Event) -> String {
    let mut words = match event.message {
        Some(_) => format!("{} {}", event.kind.name(), subject(event)),
        None => subject(event),
    };
    if let Some(from) = event.from {
        let _ = write!(words, " from {from}");
    }
    match event.to {
        Some(Whom::All) => words += " to all",
        Some(Whom::One(to)) => {
            let _ = write!(words, " to {to}");
        }
        None => {}
    }
    if let Some(accused) = event.accused {
        let _ = write!(words, " {accused}");
    }
    if let Some(why) = event.why {
        let _ = write!(words, " ({})", why.name());
    }
    if let Some(what) = &event.what {
        let _ = write!(words, ": {what}");
    }
    words
}
