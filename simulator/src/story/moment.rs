//! A moment of a run, by what happens then.

use quorate_protocol::message;
use quorate_trace::{Actor, Event, Kind};
use serde::Deserialize;

/// The first time that something happens: the members are those of an event (docs/trace.md), and one that is left out may be anything.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moment {
    /// To whom it happens. With several, the moment is when it has happened to each of them; with none, to whomever comes first.
    #[serde(default)]
    pub to: Vec<Actor>,
    /// The kind of the event.
    pub kind: Kind,
    /// How often the process had started before.
    #[serde(default)]
    pub life: Option<u32>,
    /// The kind of the message.
    #[serde(rename = "type", default)]
    pub message: Option<message::Kind>,
    /// The view.
    #[serde(default)]
    pub view: Option<u64>,
    /// The slot.
    #[serde(default)]
    pub slot: Option<u64>,
    /// Who is proved faulty.
    #[serde(default)]
    pub accused: Option<Actor>,
    /// The words of the event.
    #[serde(default)]
    pub what: Option<String>,
}

impl Moment {
    /// The event with which the moment has come. `None` if it never comes.
    #[must_use]
    pub fn place(&self, events: &[Event]) -> Option<usize> {
        let first = |who: Option<Actor>| {
            let by = |event: &Event| who.is_none_or(|who| event.p == who);
            events
                .iter()
                .position(|event| by(event) && self.fits(event))
        };
        if self.to.is_empty() {
            return first(None);
        }
        let places: Option<Vec<usize>> = self.to.iter().map(|&who| first(Some(who))).collect();
        places?.into_iter().max()
    }

    fn fits(&self, event: &Event) -> bool {
        fn same<T: Copy + PartialEq>(wanted: Option<T>, found: Option<T>) -> bool {
            wanted.is_none() || wanted == found
        }
        event.kind == self.kind
            && same(self.life, Some(event.life))
            && same(self.message, event.message)
            && same(self.view, event.view)
            && same(self.slot, event.slot)
            && same(self.accused, event.accused)
            && same(self.what.as_deref(), event.what.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use quorate_protocol::ReplicaId;
    use quorate_trace::{Event, Kind};

    use super::Moment;

    fn executes(process: u32, slot: u64) -> Event {
        Event {
            p: ReplicaId(process).into(),
            slot: Some(slot),
            ..Event::new(Kind::Execute)
        }
    }

    #[test]
    fn a_moment_is_when_it_has_happened_to_all_who_are_named() {
        let events = [
            executes(0, 1),
            executes(2, 1),
            executes(0, 2),
            executes(1, 1),
        ];
        let place = |text: &str| toml::from_str::<Moment>(text).unwrap().place(&events);
        assert_eq!(place("kind = 'execute'"), Some(0));
        assert_eq!(place("kind = 'execute'\nslot = 2"), Some(2));
        assert_eq!(
            place("kind = 'execute'\nslot = 1\nto = ['Q', 'R']"),
            Some(3)
        );
        assert_eq!(place("kind = 'execute'\nslot = 1\nto = ['Q', 'S']"), None);
    }
}
